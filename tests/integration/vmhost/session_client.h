// SPDX-License-Identifier: GPL-3.0-or-later
// A client of fake_display, through the front of a host.
#pragma once

#include <chrono>
#include <poll.h>
#include <string>
#include <utility>

#include <sys/socket.h>

#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

#include "front_client.h"

namespace tobari::vmhost {

// One connection through the front, as a client has it.
class Client {
 public:
  Client(const net::Endpoint& front, const std::string& token)
      : socket_(std::move(net::connect_tcp(front, std::chrono::milliseconds(2000))).value_or(UniqueFd())) {
    const std::string request = connection_request(token);
    static_cast<void>(::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL));
  }
  // Waits until the display has said it; what came before is skipped.
  bool hears(const std::string& text, std::chrono::seconds within = std::chrono::seconds(10)) {
    const auto until = std::chrono::steady_clock::now() + within;
    while (heard_.find(text) == std::string::npos) {
      if (!read(until)) return false;
    }
    return true;
  }
  void say(const std::string& text) {
    static_cast<void>(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL));
  }
  void forget() { heard_.clear(); }
  // Of the line that begins a session.
  pid_t pid() {
    if (!hears("sources")) return -1;
    return std::stoi(heard_.substr(heard_.find("pid ") + 4));
  }
  bool closed() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (read(until)) {
    }
    return ended_;
  }

 private:
  // False: nothing by then, or the connection's end.
  bool read(std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[256];
    const ssize_t n = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    ended_ = n <= 0;
    if (!ended_) heard_.append(bytes, static_cast<std::size_t>(n));
    return !ended_;
  }

  UniqueFd socket_;
  std::string heard_;
  bool ended_ = false;
};

}  // namespace tobari::vmhost
