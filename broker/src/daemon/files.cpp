// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <format>
#include <unistd.h>

#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

namespace tobari::broker {
namespace {

Result<void> write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<UniqueFd> open_to_read(const std::filesystem::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, std::format("read {}", file.string()));
  return fd;
}

Result<std::string> read_whole(const UniqueFd& fd, const std::filesystem::path& file) {
  std::string content;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, std::format("read {}", file.string()));
    if (got == 0) return content;
    content.append(block.data(), static_cast<std::size_t>(got));
    if (content.size() > kMaxSmallFileBytes) {
      return fail(Errc::kInvalidArgument, std::format("{} is larger than 64 KiB", file.string()));
    }
  }
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const UniqueFd fd, open_to_read(file));
  return read_whole(fd, file);
}

Result<std::string> read_key_file(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const UniqueFd fd, open_to_read(file));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(errno, std::format("read {}", file.string()));
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return fail(
        Errc::kInvalidArgument,
        std::format("everybody may read the key in {}: chmod o-rwx it, and take a new key if it was so for long",
                    file.string()));
  }
  return read_whole(fd, file);
}

Result<void> write_small_file(const std::filesystem::path& file, std::string_view content, mode_t mode) {
  const std::string doing = std::format("write {}", file.string());
  const std::filesystem::path beside = file.string() + ".new";
  const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return fail_errno(errno, doing);
  if (::fchmod(fd.get(), mode) != 0) return fail_errno(errno, doing);
  if (auto written = write_all(fd.get(), content); !written.has_value()) {
    return context(std::move(written).error(), doing);
  }
  if (::fsync(fd.get()) != 0 || ::rename(beside.c_str(), file.c_str()) != 0) return fail_errno(errno, doing);
  return {};
}

}  // namespace tobari::broker
