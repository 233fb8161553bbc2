// SPDX-License-Identifier: GPL-3.0-or-later
// A relay on loopback that takes little at a time from the server, as a narrow line does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

namespace tobari::display::testing {

class SlowLine {
 public:
  explicit SlowLine(std::uint16_t server)
      : listener_(net::listen_tcp({"127.0.0.1", 0}).value()),
        thread_([this, server](const std::stop_token& stop) { relay(server, stop); }) {}
  [[nodiscard]] std::uint16_t port() const { return net::local_endpoint(listener_.get()).value().port; }

 private:
  static constexpr int kWindow = 4096;

  void relay(std::uint16_t server, const std::stop_token& stop) const {
    UniqueFd client;
    while (!client && !stop.stop_requested()) {
      pollfd item{listener_.get(), POLLIN, 0};
      static_cast<void>(::poll(&item, 1, 20));
      client.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    const UniqueFd upstream(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    static_cast<void>(::setsockopt(upstream.get(), SOL_SOCKET, SO_RCVBUF, &kWindow, sizeof kWindow));
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(server), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    if (::connect(upstream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> items{{{client.get(), POLLIN, 0}, {upstream.get(), POLLIN, 0}}};
      static_cast<void>(::poll(items.data(), items.size(), 20));
      if (items[0].revents != 0 && !move(client, upstream)) return;
      if (items[1].revents != 0 && !move(upstream, client)) return;
    }
  }
  static bool move(const UniqueFd& from, const UniqueFd& to) {
    std::array<std::byte, kWindow> buffer{};
    const ssize_t got = ::recv(from.get(), buffer.data(), buffer.size(), 0);
    return got > 0 && ::send(to.get(), buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
  }

  UniqueFd listener_;
  std::jthread thread_;
};

}  // namespace tobari::display::testing
