// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-clipboard PORT: speaks for the desktop's clipboard over a virtio-serial port (PROTOCOL.md).
// tobari-clipboard --listen SOCKET: the same to whoever connects to a socket, for desktops that are no virtual
// machines; --listener DESCRIPTOR: to one that listens already, in a container. It runs as the user, within the
// session, and sleeps until something is copied or pasted.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <X11/Xlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "protocol.h"
#include "selection.h"

namespace tobari::guest::clipboard {
namespace {

constexpr int kSecond = 1000;
constexpr std::size_t kMaxContent = std::size_t{80} << 20;  // beyond what the other end takes
constexpr std::uint32_t kVersion = 1;

int fail(const char* what) {
  std::fprintf(stderr, "tobari-clipboard: %s: %s\n", what, std::strerror(errno));
  return 1;
}

class Clipboard {
 public:
  Clipboard(Display* display, int port, int listener)
      : display_(display),
        port_(port),
        listener_(listener),
        selection_(display,
                   {.copied = [this](Formats formats) { offer(formats); },
                    .wanted = [this](std::uint32_t id, std::uint8_t format) { ask(id, format); },
                    .fetched = [this](std::uint32_t id,
                                      std::optional<std::string> content) { answer(id, std::move(content)); }}) {}

  int run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0 || !add(ConnectionNumber(display_), EPOLLIN)) return fail("cannot wait for events");
    // Edge-triggered: a port whose host side is closed reports that state for ever.
    if (port_ >= 0 && !add(port_, EPOLLIN | EPOLLOUT | EPOLLET)) return fail("epoll");
    if (listener_ >= 0 && !add(listener_, EPOLLIN)) return fail("epoll");
    greet();
    while (true) {
      XFlush(display_);
      while (XPending(display_) > 0) {
        XEvent event;
        XNextEvent(display_, &event);
        selection_.handle(event);
      }
      XFlush(display_);
      epoll_event event{};
      const int ready = epoll_wait(epoll_, &event, 1, selection_.busy() ? kSecond : -1);
      if (ready < 0 && errno != EINTR) return fail("epoll_wait");
      if (ready == 0) selection_.time_out();
      if (ready <= 0) continue;
      if (event.data.fd == listener_) {
        accept_one();
      } else if (event.data.fd == port_) {
        on_port((event.events & (EPOLLHUP | EPOLLRDHUP)) != 0);
      }
    }
  }

 private:
  bool add(int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
  }

  // Of sockets: the newest connection counts.
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (port_ >= 0) close(port_);
    begin_anew();
    port_ = fd;
    add(port_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    greet();
  }

  void begin_anew() {
    in_.clear();
    out_.clear();
    parts_.clear();
    selection_.own(0);
    selection_.forget_all();
  }

  static std::string hello() {
    Message message{.type = Type::kHello, .format = 0, .last = false, .id = 0, .payload = {}};
    put(message.payload, kVersion, 4);
    return encoded(message);
  }

  void greet() {
    if (port_ < 0 || gone_) return;
    out_ += greeting_;
    flush();
    selection_.look();
  }

  void on_port(bool hung_up) {
    gone_ = hung_up;
    if (hung_up) {
      begin_anew();
      std::array<char, 4096> rest;
      while (read(port_, rest.data(), rest.size()) > 0) {
      }
      if (listener_ >= 0) {
        close(port_);
        port_ = -1;
      }
      return;
    }
    std::array<char, 65536> buffer;
    while (true) {
      const auto got = read(port_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      in_.append(buffer.data(), static_cast<std::size_t>(got));
      // The port may have been opened anew in the middle of a message, without our noticing.
      if (const auto greeting = in_.rfind(greeting_); greeting != std::string::npos) in_.erase(0, greeting);
      bool bad = false;
      while (const auto message = take(in_, bad)) handle(*message);
      if (bad) begin_anew();  // nothing that follows could be understood
    }
    flush();
  }

  void handle(const Message& message) {
    switch (message.type) {
      case Type::kHello:
        begin_anew();
        return greet();
      case Type::kOffer:
        if (message.payload.size() == 1) selection_.own(static_cast<unsigned char>(message.payload[0]) & 0x0FU);
        return;
      case Type::kAsk: {
        const std::uint64_t most = message.payload.size() == 8 ? number(message.payload) : 0;
        return selection_.fetch(message.id, message.format, std::min<std::size_t>(most, kMaxContent));
      }
      case Type::kData: {
        std::string& content = parts_[message.id];
        content += message.payload;
        if (content.size() > kMaxContent) content.clear();
        if (!message.last) return;
        std::string whole = std::move(content);
        parts_.erase(message.id);
        return selection_.give(message.id, std::move(whole));
      }
      case Type::kNone:
        parts_.erase(message.id);
        return selection_.give(message.id, std::nullopt);
    }
  }

  void offer(Formats formats) {
    send({.type = Type::kOffer,
          .format = 0,
          .last = false,
          .id = 0,
          .payload = std::string(1, static_cast<char>(formats))});
  }

  void ask(std::uint32_t id, std::uint8_t format) {
    Message message{.type = Type::kAsk, .format = format, .last = false, .id = id, .payload = {}};
    put(message.payload, kMaxContent, 8);
    send(message);
  }

  void answer(std::uint32_t id, std::optional<std::string> content) {
    if (!content) return send({.type = Type::kNone, .format = 0, .last = false, .id = id, .payload = {}});
    std::string_view rest = *content;
    do {
      const auto part = rest.substr(0, kMaxPayload);
      rest.remove_prefix(part.size());
      out_ += encoded({.type = Type::kData, .format = 0, .last = rest.empty(), .id = id, .payload = std::string(part)});
    } while (!rest.empty());
    flush();
  }

  void send(const Message& message) {
    if (port_ < 0 || gone_) return;
    out_ += encoded(message);
    flush();
  }

  void flush() {
    std::size_t sent = 0;
    while (sent < out_.size()) {
      const auto done = write(port_, out_.data() + sent, out_.size() - sent);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) break;
      sent += static_cast<std::size_t>(done);
    }
    out_.erase(0, sent);
  }

  Display* display_;
  int port_;
  int listener_;
  int epoll_ = -1;
  bool gone_ = false;  // nobody has the port open at the other end
  const std::string greeting_ = hello();
  std::string in_, out_;
  std::map<std::uint32_t, std::string> parts_;  // of answers under way
  Selection selection_;
};

int listen_at(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) return -1;
  std::strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  unlink(path);
  const mode_t mask = umask(077);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd, 1) == 0;
  umask(mask);
  return bound ? fd : -1;
}

int serve(int count, char** arguments) {
  const bool inherited = count == 3 && std::strcmp(arguments[1], "--listener") == 0;
  const bool listening = inherited || (count == 3 && std::strcmp(arguments[1], "--listen") == 0);
  if (count != 2 && !listening) {
    std::fputs(
        "usage: tobari-clipboard PORT | tobari-clipboard --listen SOCKET | tobari-clipboard --listener DESCRIPTOR\n",
        stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  Display* display = XOpenDisplay(nullptr);
  if (display == nullptr) {
    std::fputs("tobari-clipboard: no X display\n", stderr);
    return 1;
  }
  int fd = -1;
  if (inherited) {
    fd = std::atoi(arguments[2]);
    // Several may inherit it, one after the other: who comes too late must not wait.
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return fail(arguments[2]);
  } else {
    fd = listening ? listen_at(arguments[2]) : open(arguments[1], O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  }
  if (fd < 0) return fail(arguments[count - 1]);
  return Clipboard(display, listening ? -1 : fd, listening ? fd : -1).run();
}

}  // namespace
}  // namespace tobari::guest::clipboard

int main(int argc, char** argv) { return tobari::guest::clipboard::serve(argc, argv); }
