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
constexpr auto kGreetAgain = 1s;

}  // namespace

GuestAgent::GuestAgent(Loop& loop, std::string desktop, std::string socket_path, std::string host_name,
                       std::function<void(bool ready)> on_state)
    : loop_(loop),
      desktop_(std::move(desktop)),
      socket_path_(std::move(socket_path)),
      host_name_(std::move(host_name)),
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
  watch_ = loop_.watch(socket_.get(), POLLIN, [this](short revents) { on_event(revents); });
  greet();
}

void GuestAgent::disconnect() {
  watch_.reset();
  socket_.reset();
  timer_ = loop_.after(kReconnect, [this] { connect(); });
}

// What is written just after opening may be lost in the guest: said again until there is an answer.
void GuestAgent::greet() {
  if (answered_ || !socket_) return;
  send(guest_hello());
  timer_ = loop_.after(kGreetAgain, [this] { greet(); });
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
  for (const GuestEvent& event : protocol_.receive({bytes, static_cast<std::size_t>(n)})) handle(event);
}

void GuestAgent::handle(const GuestEvent& event) {
  using Kind = GuestEvent::Kind;
  switch (event.kind) {
    case Kind::kBooting:
    case Kind::kReady:
      if (!std::exchange(answered_, true)) send(guest_hostname(host_name_));
      on_state_(event.kind == Kind::kReady);
      return;
    case Kind::kDone:
      return;
    case Kind::kRefused:
      log::warning("guest agent could not do it", {{"desktop", desktop_}, {"what", event.text}});
      return;
    case Kind::kMalformed:
      if (!std::exchange(warned_, true)) {
        log::warning("guest agent sends what it should not", {{"desktop", desktop_}, {"why", event.text}});
      }
      return;
  }
}

}  // namespace tobari::vmhost
