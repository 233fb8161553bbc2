// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/source_file.h"

#include <cerrno>
#include <fcntl.h>
#include <format>
#include <unistd.h>

#include <sys/stat.h>

namespace tobari::vmhost {

Result<SourceFile> SourceFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK a named pipe would wait for somebody to write.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) {
    return fail(Errc::kNotFound, std::format("there is no file {} on this host", path.string()));
  }
  if (!file && errno == ELOOP) return fail(Errc::kInvalidArgument, std::format("{} is a link", path.string()));
  if (!file) return fail_errno(errno, "open " + path.string());
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail_errno(errno, "look at " + path.string());
  if (!S_ISREG(info.st_mode)) return fail(Errc::kInvalidArgument, std::format("{} is no plain file", path.string()));
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Errc::kInvalidArgument,
                std::format("others may write to {} while it is read: chmod 644 it first", path.string()));
  }
  return SourceFile(std::move(file), static_cast<std::uint64_t>(info.st_size), (info.st_mode & S_IROTH) != 0);
}

Result<std::vector<std::byte>> SourceFile::read(std::uint64_t at, std::size_t count) const {
  if (!holds(at, count) || count > kMaxPieceBytes) return cut_short();
  std::vector<std::byte> bytes(count);
  std::size_t done = 0;
  while (done < count) {
    const ssize_t n = ::pread(file_.get(), bytes.data() + done, count - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read the source of an image");
    if (n == 0) return cut_short();
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace tobari::vmhost
