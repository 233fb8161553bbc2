// SPDX-License-Identifier: GPL-3.0-or-later
#include "admission.h"

#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace tobari::gateway {
namespace {

bool says_unknown(Errc code) {
  return code == Errc::kNotFound || code == Errc::kPermissionDenied || code == Errc::kUnauthenticated ||
         code == Errc::kInvalidArgument;
}

}  // namespace

Admission::Admission(EventLoop& loop, RouteResolver& routes, const Limits& limits, UniqueFd client, net::Endpoint peer,
                     Callbacks callbacks)
    : loop_(loop),
      routes_(routes),
      limits_(limits),
      client_(std::move(client)),
      peer_(std::move(peer)),
      callbacks_(std::move(callbacks)) {}

Admission::~Admission() { release(); }

void Admission::start() {
  if (finished_) return;  // shed before it began
  set_deadline(limits_.request_deadline, Refusal::kTooSlow);
  auto watched = loop_.watch(client_.get(), EPOLLIN | EPOLLRDHUP, [this](std::uint32_t) { read_request(); });
  if (!watched) return refuse(Refusal::kFull, watched.error().message);
  client_watch_ = *watched;
}

void Admission::read_request() {
  const auto room = std::span(request_).subspan(request_size_);
  const ssize_t got = ::recv(client_.get(), room.data(), room.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return refuse(Refusal::kLeft);
  request_size_ += static_cast<std::size_t>(got);

  const auto parsed = net::parse_connection_request(std::span(request_).first(request_size_));
  if (!parsed) return refuse(Refusal::kMalformed, parsed.error().message);
  if (parsed->has_value()) take_request(**parsed);
}

void Admission::take_request(const net::ConnectionRequest& request) {
  // A client waits for the answer to its request; whoever does not has something to smuggle.
  if (request.size != request_size_) return refuse(Refusal::kMalformed, "bytes after the connection request");
  if (!request.offers_tls()) {
    const auto reply = net::ssl_required_reply();
    std::ignore = ::send(client_.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return refuse(Refusal::kNoTls);
  }
  if (request.routing_token.empty()) return refuse(Refusal::kNoToken);
  if (!net::is_routing_token(request.routing_token)) return refuse(Refusal::kUnknownToken, "not a token of ours");
  redeem(request.routing_token);
}

void Admission::redeem(const std::string& token) {
  watch_client_leaving();
  loop_.cancel(deadline_);  // the resolver has its own
  routes_.redeem(token, peer_.address, [&loop = loop_, weak = weak_from_this()](Result<Route> route) {
    loop.post([weak, answer = std::move(route)]() mutable {
      if (const auto self = weak.lock(); self != nullptr && !self->finished_) self->on_route(std::move(answer));
    });
  });
}

// Nothing may come from the client until the front has answered, but it may go away, and then nobody need wait for it.
void Admission::watch_client_leaving() {
  loop_.unwatch(std::exchange(client_watch_, 0));
  auto watched = loop_.watch(client_.get(), EPOLLRDHUP, [this](std::uint32_t) { refuse(Refusal::kLeft); });
  if (watched) client_watch_ = *watched;
}

void Admission::on_route(Result<Route> route) {
  if (!route) {
    const bool unknown = says_unknown(route.error().code);
    return refuse(unknown ? Refusal::kUnknownToken : Refusal::kBrokerAway, describe(route.error()));
  }
  callbacks_.on_authenticated();
  connect_front(std::move(*route));
}

void Admission::connect_front(Route route) {
  session_id_ = std::move(route.session_id);
  set_deadline(limits_.connect_deadline, Refusal::kFrontAway);
  auto front = net::start_connect(route.front);
  if (!front) return refuse(Refusal::kFrontAway, describe(front.error()));
  front_ = std::move(*front);
  auto watched = loop_.watch(front_.get(), EPOLLOUT, [this](std::uint32_t) { on_front_ready(); });
  if (!watched) return refuse(Refusal::kFull, watched.error().message);
  front_watch_ = *watched;
}

void Admission::on_front_ready() {
  if (const auto forwarded = forward_request(); !forwarded) {
    return refuse(Refusal::kFrontAway, describe(forwarded.error()));
  }
  loop_.unwatch(std::exchange(front_watch_, 0));
  loop_.unwatch(std::exchange(client_watch_, 0));
  finish(RoutedPair{.client = std::move(client_),
                    .front = std::move(front_),
                    .session_id = session_id_,
                    .client_address = peer_.address});
}

Result<void> Admission::forward_request() {
  TOBARI_TRY(net::connect_result(front_.get()));
  const ssize_t sent = ::send(front_.get(), request_.data(), request_size_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return fail_errno(errno, "hand the request to the front");
  // 259 bytes into the empty buffer of a new connection: less than all of them means that something is wrong there.
  if (static_cast<std::size_t>(sent) != request_size_) return fail(Errc::kIo, "the front took half a request");
  return {};
}

void Admission::set_deadline(std::chrono::milliseconds in, Refusal reason) {
  loop_.cancel(deadline_);
  deadline_ = loop_.after(in, [this, reason] { refuse(reason, "deadline"); });
}

void Admission::refuse(Refusal reason, std::string detail) {
  if (finished_) return;
  release();
  finish(Refused{.reason = reason, .detail = std::move(detail)});
}

void Admission::release() {
  loop_.unwatch(std::exchange(client_watch_, 0));
  loop_.unwatch(std::exchange(front_watch_, 0));
  client_.reset();
  front_.reset();
  loop_.cancel(std::exchange(deadline_, {}));
}

void Admission::finish(Outcome outcome) {
  finished_ = true;
  loop_.cancel(std::exchange(deadline_, {}));
  callbacks_.on_outcome(std::move(outcome));
}

}  // namespace tobari::gateway
