// SPDX-License-Identifier: GPL-3.0-or-later
// simulated_display SOCKET: the display processes of simulated hosts. Listens as a service manager does
// (installer/systemd/tobari-display.socket) and makes a small process for each connection, which speaks the control
// protocol as tobari-display does, certificate's fingerprint included, and shows nothing: a client is told in one line
// which desktop it reached, in which session.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <format>
#include <poll.h>
#include <print>
#include <string>
#include <unistd.h>
#include <utility>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <tobari/base/random.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/control_channel.h>

#include "tobari/display_control.pb.h"

namespace wire = tobari::wire;
using tobari::UniqueFd;

namespace {

constexpr int kWaitingDisplays = 1024;

std::string some_fingerprint() {
  std::array<std::byte, 32> bytes{};
  tobari::random_bytes(bytes);
  return tobari::to_hex(bytes);
}

class SimulatedDisplay {
 public:
  explicit SimulatedDisplay(UniqueFd socket) : channel_(std::move(socket)) {}

  int run() {
    while (true) {
      std::array<pollfd, 3> waiting{{{channel_.fd(), POLLIN, 0}, {source_.get(), 0, 0}, {client_.get(), POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0) {
        if (errno == EINTR) continue;
        return 1;
      }
      if (waiting[1].revents != 0) lose_source();
      if (waiting[2].revents != 0) hear_client();
      if (waiting[0].revents != 0 && !hear_agent()) return 0;
    }
  }

 private:
  // False: it has gone.
  bool hear_agent() {
    wire::ToDisplay message;
    auto got = channel_.receive(message);
    using Status = tobari::display::ControlReceived::Status;
    if (!got || got->status == Status::kClosed) return false;
    if (got->status == Status::kMessage) handle(message, std::move(got->descriptor));
    return true;
  }

  void handle(const wire::ToDisplay& message, UniqueFd descriptor) {
    wire::FromDisplay answer;
    switch (message.message_case()) {
      case wire::ToDisplay::kSetup:
        desktop_ = message.setup().desktop_id();
        answer.mutable_ready()->set_certificate_sha256(some_fingerprint());
        break;
      case wire::ToDisplay::kPing:
        answer.mutable_pong()->set_id(message.ping().id());
        break;
      case wire::ToDisplay::kTakePicture:
        answer.mutable_picture()->set_id(message.take_picture().id());
        answer.mutable_picture()->set_failure("a simulated desktop has no picture");
        break;
      case wire::ToDisplay::kAskStatistics:
        answer.mutable_statistics()->set_connected(static_cast<bool>(client_));
        break;
      case wire::ToDisplay::kSource:
        source_ = std::move(descriptor);
        return;
      case wire::ToDisplay::kClient:
        return serve(message.client(), std::move(descriptor));
      case wire::ToDisplay::kDrop:
        if (message.drop().session_id().empty() || message.drop().session_id() == session_) {
          end_client(message.drop().reason());
        }
        return;
      default:
        return;  // Arm and what belongs to channels: there are none
    }
    say(answer);
  }

  void serve(const wire::Client& client, UniqueFd socket) {
    end_client("taken over");
    session_ = client.session_id();
    client_ = std::move(socket);
    report(wire::Session::CONNECTED, client.address());
    const std::string line = std::format("desktop {} session {}\n", desktop_, session_);
    static_cast<void>(::send(client_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  void hear_client() {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(client_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
    end_client("the client has gone");
  }

  void end_client(const std::string& why) {
    if (!client_) return;
    client_.reset();
    report(wire::Session::DISCONNECTED, {}, why);
    session_.clear();
  }

  // The VM has ended.
  void lose_source() {
    source_.reset();
    wire::FromDisplay message;
    message.mutable_source_lost()->set_detail("its machine closed the connection");
    say(message);
  }

  void report(wire::Session::Kind kind, const std::string& address, const std::string& detail = {}) {
    wire::FromDisplay message;
    message.mutable_session()->set_kind(kind);
    message.mutable_session()->set_session_id(session_);
    message.mutable_session()->set_client_address(address);
    message.mutable_session()->set_detail(detail);
    say(message);
  }

  // One that does not read hangs, and notices at its next ping.
  void say(const wire::FromDisplay& message) { static_cast<void>(channel_.send(message)); }

  tobari::display::ControlChannel channel_;
  std::string desktop_;
  UniqueFd source_;
  UniqueFd client_;
  std::string session_;
};

UniqueFd listen_at(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) return {};
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  ::unlink(path);
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), kWaitingDisplays) != 0) {
    return {};
  }
  return listener;
}

int serve(const UniqueFd& listener) {
  const pid_t parent = ::getpid();
  while (true) {
    UniqueFd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      std::println(stderr, "simulated_display: accept: {}", std::strerror(errno));
      return 1;
    }
    const pid_t child = ::fork();
    if (child < 0) std::println(stderr, "simulated_display: fork: {}", std::strerror(errno));
    if (child != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::close(listener.get());
    ::_exit(SimulatedDisplay(std::move(connection)).run());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::println(stderr, "usage: simulated_display SOCKET");
    return 2;
  }
  ::signal(SIGCHLD, SIG_IGN);  // whoever ends is gone without being waited for
  ::signal(SIGPIPE, SIG_IGN);
  const UniqueFd listener = listen_at(argv[1]);
  if (!listener) {
    std::println(stderr, "simulated_display: cannot listen at {}: {}", argv[1], std::strerror(errno));
    return 1;
  }
  std::println("ready");
  std::fflush(stdout);
  return serve(listener);
}
