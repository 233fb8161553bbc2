// SPDX-License-Identifier: GPL-3.0-or-later
#include "front/front.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/net/x224_gate.h>

#include "host/files.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptPerTurn = 32;
constexpr auto kRestWhenExhausted = 100ms;

// poll(2) reports the socket only when it holds more than what we have seen: peeked bytes stay readable.
void wake_beyond(int fd, int bytes) {
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes));
}

// One that listens elsewhere must not keep its address from a new one, whoever else holds it.
UniqueFd inherited_listener(UniqueFd inherited, const net::Endpoint& listen) {
  if (!inherited) return inherited;
  const auto bound = net::local_endpoint(inherited.get());
  if (bound && *bound == listen) return inherited;
  log::warning("the front moves", {{"to", net::to_string(listen)}});
  ::shutdown(inherited.get(), SHUT_RDWR);
  return UniqueFd();
}

}  // namespace

Result<std::unique_ptr<Front>> Front::create(Loop& loop, const net::Endpoint& listen, FrontLimits limits,
                                             Deliver deliver, UniqueFd inherited) {
  UniqueFd listener = inherited_listener(std::move(inherited), listen);
  if (!listener) {
    TOBARI_ASSIGN(listener, net::listen_tcp(listen));
  }
  TOBARI_ASSIGN(const net::Endpoint bound, net::local_endpoint(listener.get()));
  return std::unique_ptr<Front>(new Front(loop, std::move(listener), bound.port, limits, std::move(deliver)));
}

Front::Front(Loop& loop, UniqueFd listener, std::uint16_t port, FrontLimits limits, Deliver deliver)
    : loop_(loop), listener_(std::move(listener)), port_(port), limits_(limits), deliver_(std::move(deliver)) {
  listen_again();
}

void Front::listen_again() {
  watch_ = loop_.watch(listener_.get(), POLLIN, [this](short) { on_connection(); });
}

void Front::on_connection() {
  for (int i = 0; i < kAcceptPerTurn; ++i) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      admit(std::move(socket));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) {
      // Out of descriptors or memory; the connection stays queued, so polling on would spin.
      log::error("cannot accept", {{"reason", fail_errno(errno, "accept").error().message}});
      watch_.reset();
      resume_ = loop_.after(kRestWhenExhausted, [this] { listen_again(); });
    }
    return;
  }
}

void Front::admit(UniqueFd socket) {
  const auto peer = net::peer_endpoint(socket.get());
  if (!peer) return;  // gone already
  if (waiting_.size() >= limits_.half_open) close(waiting_.begin()->first, "too many half-open connections");
  const std::uint64_t id = next_id_++;
  Waiting waiting;
  waiting.address = peer->address;
  waiting.watch = loop_.watch(socket.get(), POLLIN | POLLRDHUP, [this, id](short revents) { look(id, revents); });
  waiting.deadline = loop_.after(limits_.first_packet_within, [this, id] { close(id, "no first packet in time"); });
  waiting.socket = std::move(socket);
  waiting_.emplace(id, std::move(waiting));
}

void Front::look(std::uint64_t id, short revents) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  const auto done = try_deliver(found->second, (revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
  if (!done) return close(id, done.error().message);
  if (!*done) return;
  ++counts_.delivered;
  waiting_.erase(id);
}

Result<bool> Front::try_deliver(const Waiting& waiting, bool ended) {
  std::array<std::byte, net::kMaxConnectionRequestBytes + 1> bytes{};
  const int fd = waiting.socket.get();
  const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n < 0) return fail_errno(errno, "read the first packet");
  if (n == 0) return fail(Errc::kPeerProtocol, "closed before its first packet");
  const auto seen = static_cast<std::size_t>(n);
  TOBARI_ASSIGN(const auto request, net::parse_connection_request(std::span(bytes).first(seen)));
  if (!request) {
    if (ended) return fail(Errc::kPeerProtocol, "closed within its first packet");
    wake_beyond(fd, static_cast<int>(n) + 1);
    return false;
  }
  if (seen > request->size) return fail(Errc::kPeerProtocol, "more than its first packet before the answer");
  if (!request->offers_tls()) {
    const auto reply = net::ssl_required_reply();
    static_cast<void>(::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    return fail(Errc::kPeerProtocol, "client does not offer TLS");
  }
  if (!net::is_routing_token(request->routing_token)) return fail(Errc::kUnauthenticated, "no routing token");
  wake_beyond(fd, 1);
  TOBARI_TRY(deliver_(sha256(request->routing_token), waiting.address, fd));
  return true;
}

void Front::close(std::uint64_t id, const std::string& why) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  ++counts_.refused;
  log::warning("connection refused", {{"client", found->second.address}, {"why", why}});
  waiting_.erase(found);
}

}  // namespace tobari::vmhost
