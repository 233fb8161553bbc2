// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/image_room.h"

#include <format>

#include <sys/stat.h>

namespace tobari::vmhost {

Result<RoomUse> images_room(const std::filesystem::path& images_dir) {
  namespace fs = std::filesystem;
  constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system has
  std::error_code error;
  const fs::space_info space = fs::space(images_dir, error);
  if (error) return fail(Errc::kIo, std::format("read {}: {}", images_dir.string(), error.message()));
  RoomUse found{.capacity_bytes = space.capacity, .free_bytes = space.available, .used_bytes = 0, .promised_bytes = 0};
  constexpr auto kQuietly = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(images_dir, kQuietly, error), end; !error && at != end;
       at.increment(error)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    found.used_bytes += static_cast<std::uint64_t>(info.st_blocks) * kBlock;
  }
  return found;  // a file that went away meanwhile ends the count, which the next one makes good
}

}  // namespace tobari::vmhost
