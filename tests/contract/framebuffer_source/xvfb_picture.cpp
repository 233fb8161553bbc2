// SPDX-License-Identifier: GPL-3.0-or-later
#include "contract/framebuffer_source/xvfb_picture.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "contract/framebuffer_source/recorder.h"

namespace tobari::display {
namespace {

namespace fs = std::filesystem;

sockaddr_un address_in(const fs::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder / "port").string().copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

fs::path screen_in(const fs::path& folder) { return folder / "Xvfb_screen0"; }

}  // namespace

Result<std::unique_ptr<XvfbPicture>> XvfbPicture::start(Size largest, Size first) {
  char name[] = "/dev/shm/tobari-picture.XXXXXX";  // memory, as everywhere where a picture is mapped
  if (::mkdtemp(name) == nullptr) return fail_errno(errno, "make a folder");
  const fs::path folder = name;
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_in(folder);
  if (!listener || ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 4) != 0) {
    return fail_errno(errno, "listen");
  }
  TOBARI_ASSIGN(auto server, Xvfb::start(largest, 24, folder));
  TOBARI_ASSIGN(Child program,
                Child::start({"env", "DISPLAY=" + server->name(), TOBARI_PICTURE, std::to_string(listener.get()),
                              screen_in(folder), std::to_string(first.width), std::to_string(first.height)},
                             listener.get()));
  std::unique_ptr<XvfbPicture> made(new XvfbPicture(folder, std::move(server), std::move(program)));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (made->server_->picture().size != first) {
    if (std::chrono::steady_clock::now() > deadline) return fail(Errc::kTimeout, "tobari-picture does not begin");
    std::this_thread::yield();
  }
  return made;
}

XvfbPicture::~XvfbPicture() {
  program_.kill();
  server_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

Result<UniqueFd> XvfbPicture::connect() const {
  UniqueFd connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_in(folder_);
  if (!connection || ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "connect to tobari-picture");
  }
  return connection;
}

std::size_t XvfbPicture::file_bytes() const {
  struct stat info{};
  return ::stat(screen_in(folder_).c_str(), &info) == 0 ? static_cast<std::size_t>(info.st_blocks) * 512 : 0;
}

}  // namespace tobari::display
