// SPDX-License-Identifier: GPL-3.0-or-later
// A guest agent that the test plays.
#pragma once

#include <poll.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// The guest's side of the virtio-serial port: a listening socket, as QEMU makes it.
class GuestPort {
 public:
  explicit GuestPort(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::unlink(path.c_str());
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
  }
  void accept() {
    pollfd waiting{listener_.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 15'000), 1) << "nobody opens the port";
    connection_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  void say(const std::string& line) {
    EXPECT_EQ(::send(connection_.get(), line.data(), line.size(), MSG_NOSIGNAL), static_cast<ssize_t>(line.size()));
  }
  // Waits until the host has said it; what came before is skipped.
  bool hears(const std::string& line) {
    const timeval patience{10, 0};
    ::setsockopt(connection_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (heard_.find(line) == std::string::npos) {
      char bytes[256];
      const ssize_t n = ::recv(connection_.get(), bytes, sizeof bytes, 0);
      if (n <= 0) return false;
      heard_.append(bytes, static_cast<std::size_t>(n));
    }
    heard_.erase(0, heard_.find(line) + line.size());
    return true;
  }
  // The rest of the line after `word`; empty when it is not said.
  std::string hears_after(const std::string& word) {
    if (!hears(word)) return {};
    std::string line;
    while (heard_.find('\n') == std::string::npos) {
      char bytes[256];
      const ssize_t n = ::recv(connection_.get(), bytes, sizeof bytes, 0);
      if (n <= 0) return {};
      heard_.append(bytes, static_cast<std::size_t>(n));
    }
    line = heard_.substr(0, heard_.find('\n'));
    heard_.erase(0, line.size() + 1);
    return line;
  }
  // Nobody is connected any more.
  bool is_closed() {
    char bytes[256];
    ssize_t n = 0;
    while ((n = ::recv(connection_.get(), bytes, sizeof bytes, 0)) > 0) {
    }
    return n == 0;
  }

 private:
  UniqueFd listener_;
  UniqueFd connection_;
  std::string heard_;
};

}  // namespace tobari::vmhost
