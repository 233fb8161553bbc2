// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/first_packet.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <poll.h>
#include <span>

#include <sys/socket.h>

#include <tobari/net/x224_gate.h>

namespace tobari::display {
namespace {

// poll() says "readable" for bytes that were seen and left; with this it waits for one more than those.
void wake_above(int fd, std::size_t bytes) noexcept {
  const int low_water = static_cast<int>(bytes) + 1;
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof low_water));
}

Result<void> await_more(int fd, std::size_t seen, Clock::Steady deadline) {
  wake_above(fd, seen);
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SystemClock().now());
    if (left.count() <= 0) return fail(Errc::kTimeout, "no connection request in time");
    pollfd item{fd, POLLIN, 0};
    const int count = ::poll(&item, 1, static_cast<int>(left.count()));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno(errno, "wait for a connection request");
  }
}

void answer(int fd) noexcept {
  const auto reply = net::ssl_required_reply();
  static_cast<void>(::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace

Result<void> await_connection_request(int fd, Clock::Steady deadline) {
  std::array<std::byte, net::kMaxConnectionRequestBytes> buffer{};
  std::size_t seen = 0;
  for (;;) {
    TOBARI_TRY(await_more(fd, seen, deadline));
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return fail_errno(errno, "read a connection request");
    if (static_cast<std::size_t>(got) <= seen) return fail(Errc::kUnavailable, "closed before a connection request");
    seen = static_cast<std::size_t>(got);
    TOBARI_ASSIGN(const auto request, net::parse_connection_request(std::span(buffer).first(seen)));
    if (!request) continue;
    wake_above(fd, 0);
    if (request->offers_tls()) return {};
    answer(fd);
    return fail(Errc::kPeerProtocol, "the client does not offer TLS");
  }
}

}  // namespace tobari::display
