// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/guest_agent.h"

#include <cerrno>
#include <chrono>
#include <poll.h>

#include <sys/socket.h>

#include <tobari/base/log.h>

#include "host/unix_socket.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

constexpr auto kReconnect = 500ms;
// What is written just after opening may be lost in the guest; a copy of a running guest answers at once.
constexpr auto kGreetAgainSoon = 100ms;
constexpr int kSoon = 10;
constexpr auto kGreetAgain = 1s;
constexpr auto kOrderAgain = 1s;  // after a refusal
constexpr auto kOrderUnheard = 500ms;
constexpr auto kOrderWithin = 12s;  // longer than the agent gives a command

}  // namespace

GuestAgent::GuestAgent(Loop& loop, std::string desktop, std::string socket_path, GuestOrder order,
                       std::function<void(bool ready)> on_state)
    : loop_(loop),
      desktop_(std::move(desktop)),
      socket_path_(std::move(socket_path)),
      order_(std::move(order)),
      on_state_(std::move(on_state)) {
  connect();
}

void GuestAgent::connect() {
  auto made = connect_unix(socket_path_);
  if (!made) {
    timer_ = loop_.after(kReconnect, [this] { connect(); });
    return;
  }
  socket_ = *std::move(made);
  protocol_.reset();
  answered_ = false;
  greetings_ = 0;
  ordered_unasked_ = false;
  order_timer_.reset();
  watch_ = loop_.watch(socket_.get(), POLLIN, [this](short revents) { on_event(revents); });
  greet();
}

void GuestAgent::disconnect() {
  watch_.reset();
  socket_.reset();
  timer_ = loop_.after(kReconnect, [this] { connect(); });
}

void GuestAgent::greet() {
  if (answered_ || !socket_) return;
  send(guest_hello());
  // Somebody waits for a copy of a running guest: it is not asked first whether it is there.
  if (greetings_ == 0 && order_.required && !order_.when_up && !done_) ordered_unasked_ = send(order_.line());
  const std::chrono::milliseconds pause = ++greetings_ < kSoon ? kGreetAgainSoon : kGreetAgain;
  timer_ = loop_.after(pause, [this] { greet(); });
}

void GuestAgent::first_answer() {
  if (!ordered_unasked_) return give_order();
  // Under way, or lost with the first greeting.
  order_timer_ = loop_.after(kOrderUnheard, [this] { give_order(); });
}

void GuestAgent::give_order() {
  if (!order_.line || done_ || (order_.when_up && !up_)) return;
  send(order_.line());
  if (order_.required) order_timer_ = loop_.after(kOrderWithin, [this] { give_order(); });
}

bool GuestAgent::send(const std::string& line) {
  if (!socket_ || line.empty()) return false;
  // Short lines, one at a time: a full buffer means that the guest does not read, and then there is nothing to say.
  return ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(line.size());
}

bool GuestAgent::ask_shutdown() { return answered_ && send(guest_shutdown()); }

void GuestAgent::on_event(short) {
  char bytes[4096];
  const ssize_t n = ::recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return disconnect();
  for (const GuestEvent& event : protocol_.receive({bytes, static_cast<std::size_t>(n)})) {
    handle(event);
    if (on_news_) on_news_(event);
  }
}

void GuestAgent::handle(const GuestEvent& event) {
  using Kind = GuestEvent::Kind;
  switch (event.kind) {
    case Kind::kBooting:
    case Kind::kReady: {
      const bool ready = event.kind == Kind::kReady;
      const bool came_up = !std::exchange(up_, ready) && ready;
      if (!std::exchange(answered_, true)) {
        first_answer();
      } else if (order_.when_up && came_up) {
        give_order();
      }
      return tell();
    }
    case Kind::kDone:
      if (!order_.required || event.text != order_.command) return;
      done_ = true;
      order_timer_.reset();
      return tell();
    case Kind::kRefused:
      log::warning("guest agent could not do it", {{"desktop", desktop_}, {"what", event.text}});
      if (order_.required && !done_) order_timer_ = loop_.after(kOrderAgain, [this] { give_order(); });
      return;
    case Kind::kLoggedOff:
      return;
    case Kind::kMalformed:
      if (!std::exchange(warned_, true)) {
        log::warning("guest agent sends what it should not", {{"desktop", desktop_}, {"why", event.text}});
      }
      return;
  }
}

}  // namespace tobari::vmhost
