// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay.h"

#include <sys/epoll.h>

#include <tobari/net/tcp_socket.h>

namespace tobari::gateway {
namespace {

constexpr std::uint32_t kBothWays = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kReadable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kWritable = EPOLLOUT | EPOLLHUP | EPOLLERR;

}  // namespace

Relay::Relay(EventLoop& loop, PipePool& pipes, const Limits& limits, Counters& counters, RoutedPair pair, OnEnd on_end)
    : loop_(loop),
      limits_(limits),
      counters_(counters),
      pair_(std::move(pair)),
      to_front_(pair_.client.get(), pair_.front.get(), pipes),
      to_client_(pair_.front.get(), pair_.client.get(), pipes),
      on_end_(std::move(on_end)) {}

Relay::~Relay() { end("gateway stopped"); }

void Relay::start() {
  if (const auto watched = watch_both(); !watched) return end(watched.error().message);
  pump();
}

Result<void> Relay::watch_both() {
  TOBARI_TRY(net::tune_session_socket(pair_.client.get(), limits_.gone_after));
  TOBARI_TRY(net::tune_session_socket(pair_.front.get(), limits_.gone_after));
  TOBARI_ASSIGN(client_watch_, loop_.watch(pair_.client.get(), kBothWays,
                                           [this](std::uint32_t events) { on_ready(events, to_front_, to_client_); }));
  TOBARI_ASSIGN(front_watch_, loop_.watch(pair_.front.get(), kBothWays,
                                          [this](std::uint32_t events) { on_ready(events, to_client_, to_front_); }));
  return {};
}

void Relay::on_ready(std::uint32_t events, SpliceFlow& from_it, SpliceFlow& to_it) {
  if ((events & kReadable) != 0) from_it.set_readable();
  if ((events & kWritable) != 0) to_it.set_writable();
  if (!pump_posted_) pump();
}

void Relay::pump() {
  using Pumped = SpliceFlow::Pumped;
  const std::uint64_t to_front_before = to_front_.delivered();
  const std::uint64_t to_client_before = to_client_.delivered();
  const auto forth = to_front_.pump(limits_.bytes_per_turn);
  const auto back = to_client_.pump(limits_.bytes_per_turn);
  counters_.bytes_to_front += to_front_.delivered() - to_front_before;
  counters_.bytes_to_client += to_client_.delivered() - to_client_before;

  if (!forth) return end("client to front: " + forth.error().message);
  if (!back) return end("front to client: " + back.error().message);
  if (*forth == Pumped::kFinished && *back == Pumped::kFinished) return end("both sides closed");
  if (*forth == Pumped::kFinished || *back == Pumped::kFinished) watch_half_closed();
  if (*forth == Pumped::kMore || *back == Pumped::kMore) {
    pump_posted_ = true;
    loop_.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr || self->ended_) return;
      self->pump_posted_ = false;
      self->pump();
    });
  }
}

// One direction is over. The other may go on as long as it moves; RDP has no use for a quiet half connection.
void Relay::watch_half_closed() {
  if (half_closed_) return;
  half_closed_ = true;
  half_closed_timer_ = loop_.after(limits_.half_closed_quiet, [this, now = bytes()] { check_half_closed(now); });
}

void Relay::check_half_closed(std::uint64_t bytes_before) {
  if (bytes() == bytes_before) return end("one side closed, the other went quiet");
  half_closed_ = false;
  watch_half_closed();
}

void Relay::end(const std::string& why) {
  if (ended_) return;
  ended_ = true;
  loop_.unwatch(client_watch_);
  loop_.unwatch(front_watch_);
  loop_.cancel(half_closed_timer_);
  pair_.client.reset();
  pair_.front.reset();
  if (on_end_) on_end_(why);
}

}  // namespace tobari::gateway
