// SPDX-License-Identifier: GPL-3.0-or-later
#include "record/file_host.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>

#include <tobari/base/log.h>
#include <tobari/recording/line.h>

namespace tobari::display {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

bool write_all(int fd, const std::byte* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return ::fdatasync(fd) == 0;
}

void answer(int fd, std::uint64_t value) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
  static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

}  // namespace

Result<std::unique_ptr<FileHost>> FileHost::create(const std::filesystem::path& file, UniqueFd line) {
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return fail_errno(errno, "make " + file.string());
  return std::make_unique<FileHost>(std::move(fd), std::move(line));
}

FileHost::FileHost(UniqueFd file, UniqueFd line)
    : file_(std::move(file)), line_(std::move(line)), thread_([this] { run(); }) {}

void FileHost::run() {
  std::vector<std::byte> buffer(kReadBytes);
  std::uint64_t kept = 0;
  for (;;) {
    const ssize_t got = ::recv(line_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    if (!write_all(file_.get(), buffer.data(), static_cast<std::size_t>(got))) {
      log::error("the recording cannot be written", {{"because", fail_errno(errno, "write").error().message}});
      answer(line_.get(), recording::kHostFailed);
      line_.reset();
      return;
    }
    kept += static_cast<std::uint64_t>(got);
    answer(line_.get(), kept);
  }
}

}  // namespace tobari::display
