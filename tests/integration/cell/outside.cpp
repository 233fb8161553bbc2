// SPDX-License-Identifier: GPL-3.0-or-later
#include "outside.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace tobari::display::testing {
namespace {

void must(bool done) {
  if (!done) std::abort();
}

UniqueFd listener(int type, sockaddr_in& address) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  must(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  must(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  if (type == SOCK_STREAM) must(::listen(fd.get(), 128) == 0);
  return fd;
}

}  // namespace

void become_user(uid_t user) {
  if (::geteuid() != 0) return;
  must(::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 && ::setresuid(user, user, user) == 0);
  must(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);  // as after exec
}

Outside::Outside(uid_t user) : user_(user) {
  char pattern[] = "/tmp/tobari-cell-XXXXXX";
  must(::mkdtemp(pattern) != nullptr);
  folder_ = pattern;
  file_ = folder_ + "/file";
  victim_ = folder_ + "/victim";
  must(UniqueFd(::open(file_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).get() >= 0);
  must(::chown(folder_.c_str(), user_, user_) == 0 && ::chown(file_.c_str(), user_, user_) == 0);
  tcp_ = listener(SOCK_STREAM, tcp_address_);
  udp_ = listener(SOCK_DGRAM, udp_address_);
  abstract_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  abstract_address_.sun_family = AF_UNIX;
  std::memcpy(abstract_address_.sun_path + 1, folder_.data(), folder_.size());
  abstract_length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + folder_.size());
  must(::bind(abstract_.get(), reinterpret_cast<const sockaddr*>(&abstract_address_), abstract_length_) == 0);
  must(::listen(abstract_.get(), 128) == 0);
  start_neighbour();
}

Outside::~Outside() {
  ::kill(neighbour_, SIGKILL);
  ::waitpid(neighbour_, nullptr, 0);
  std::filesystem::remove_all(folder_);
}

void Outside::make_victim() const {
  must(UniqueFd(::open(victim_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).get() >= 0);
}

// There when this returns: before it is of that user, nobody of that user may touch it, walls or not.
void Outside::start_neighbour() {
  std::array<int, 2> line{};
  must(::pipe2(line.data(), O_CLOEXEC) == 0);
  const UniqueFd reading(line[0]);
  UniqueFd writing(line[1]);
  neighbour_ = ::fork();
  must(neighbour_ >= 0);
  char ready = 0;
  if (neighbour_ > 0) {
    writing.reset();
    return must(::read(reading.get(), &ready, 1) == 1);
  }
  become_user(user_);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  must(::write(writing.get(), &ready, 1) == 1);
  for (;;) ::pause();
}

}  // namespace tobari::display::testing
