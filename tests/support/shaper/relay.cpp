// SPDX-License-Identifier: GPL-3.0-or-later
#include "shaper/relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <poll.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace tobari::testing {
namespace {

using Time = ShapedLine::Time;

constexpr int kSocketBuffer = 64 * 1024;
// Loopback's own segments are as large as these buffers: a window that was once closed would be opened by the sender's
// probes only, seconds later.
constexpr int kSegment = 1448;
constexpr std::size_t kChunk = std::size_t{256} * 1024;
constexpr std::size_t kMinQueue = std::size_t{16} * 1024;

void set(int fd, int level, int option, int value) {
  static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value));
}

void tune(int fd) {
  set(fd, SOL_SOCKET, SO_RCVBUF, kSocketBuffer);
  set(fd, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, IPPROTO_TCP, TCP_MAXSEG, kSegment);
}

// Tuned before it connects, which is when segments are agreed on.
UniqueFd connect_to(const net::Endpoint& server) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(server.port), .sin_addr = {}, .sin_zero = {}};
  if (!fd || ::inet_pton(AF_INET, server.address.c_str(), &address.sin_addr) != 1) return {};
  tune(fd.get());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return fd;
}

// One direction: from a socket through the line into another.
class Direction {
 public:
  Direction(int from, int to, LineShape shape) : from_(from), to_(to), line_(shape) {}

  [[nodiscard]] ShapedLine& line() noexcept { return line_; }
  [[nodiscard]] bool done() const noexcept { return ended_ && line_.held() == 0 && arrived_.empty(); }
  [[nodiscard]] bool wants_input(Time now) const { return !ended_ && line_.room(now) > 0; }
  [[nodiscard]] bool wants_output() const noexcept { return !arrived_.empty(); }
  [[nodiscard]] std::optional<Time> next() const { return arrived_.empty() ? line_.next_arrival() : std::nullopt; }

  // False: broken. Adds what went out to `passed`.
  [[nodiscard]] bool step(Time now, std::vector<std::byte>& scratch, std::uint64_t& passed) {
    if (!receive(now, scratch)) return false;
    for (;;) {
      if (arrived_.empty()) line_.take(now, kChunk, arrived_);
      if (arrived_.empty()) break;
      const ssize_t sent = ::send(to_, arrived_.data(), arrived_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) return errno == EAGAIN || errno == EINTR;
      passed += static_cast<std::uint64_t>(sent);
      arrived_.erase(arrived_.begin(), arrived_.begin() + sent);
    }
    if (done() && !std::exchange(closed_, true)) static_cast<void>(::shutdown(to_, SHUT_WR));
    return true;
  }

 private:
  [[nodiscard]] bool receive(Time now, std::vector<std::byte>& scratch) {
    const std::size_t room = std::min(line_.room(now), kChunk);
    if (ended_ || room == 0) return true;
    scratch.resize(room);
    const ssize_t got = ::recv(from_, scratch.data(), room, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    ended_ = got == 0;
    line_.push(std::span(scratch).first(static_cast<std::size_t>(got)), now);
    return true;
  }

  int from_;
  int to_;
  ShapedLine line_;
  std::vector<std::byte> arrived_;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace

class ShapingRelay::Connection {
 public:
  Connection(UniqueFd client, UniqueFd server, const RelayShape& shape)
      : client_(std::move(client)),
        server_(std::move(server)),
        down_(server_.get(), client_.get(), shape.to_client),
        up_(client_.get(), server_.get(), shape.to_server) {}

  void watch(Time now, std::vector<pollfd>& items) const {
    const auto events = [now](const Direction& in, const Direction& out) {
      return static_cast<short>((in.wants_input(now) ? POLLIN : 0) | (out.wants_output() ? POLLOUT : 0));
    };
    items.push_back({client_.get(), events(up_, down_), 0});
    items.push_back({server_.get(), events(down_, up_), 0});
  }
  [[nodiscard]] std::optional<Time> next() const {
    const auto a = down_.next();
    const auto b = up_.next();
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
  }
  // False: it is over.
  [[nodiscard]] bool step(Time now, std::vector<std::byte>& scratch, std::uint64_t& to_client) {
    std::uint64_t to_server = 0;
    return down_.step(now, scratch, to_client) && up_.step(now, scratch, to_server) && !(down_.done() && up_.done());
  }
  template <class Body>
  void each_line(Body body) {
    body(down_.line(), true);
    body(up_.line(), false);
  }

 private:
  UniqueFd client_;
  UniqueFd server_;
  Direction down_;
  Direction up_;
};

RelayShape symmetric(std::uint64_t bits_a_second, std::chrono::microseconds round_trip, std::size_t queue_bytes) {
  const std::size_t queue =
      queue_bytes != 0 ? queue_bytes : std::max(static_cast<std::size_t>(bits_a_second / 8 / 10), kMinQueue);
  const LineShape one{bits_a_second, round_trip / 2, queue};
  return {one, one};
}

Result<std::unique_ptr<ShapingRelay>> ShapingRelay::create(const net::Endpoint& listen, net::Endpoint server,
                                                           RelayShape shape) {
  TOBARI_ASSIGN(UniqueFd listener, net::listen_tcp(listen));
  TOBARI_ASSIGN(const net::Endpoint bound, net::local_endpoint(listener.get()));
  tune(listener.get());  // what it accepts has the same
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an eventfd");
  return std::unique_ptr<ShapingRelay>(
      new ShapingRelay(std::move(listener), std::move(wake), bound.port, std::move(server), shape));
}

ShapingRelay::ShapingRelay(UniqueFd listener, UniqueFd wake, std::uint16_t port, net::Endpoint server, RelayShape shape)
    : listener_(std::move(listener)),
      wake_(std::move(wake)),
      port_(port),
      server_(std::move(server)),
      shape_(shape),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ShapingRelay::~ShapingRelay() {
  thread_.request_stop();
  wake();
  thread_.join();
}

void ShapingRelay::wake() noexcept { static_cast<void>(::eventfd_write(wake_.get(), 1)); }

void ShapingRelay::reshape(RelayShape shape) {
  {
    const std::scoped_lock lock(mutex_);
    shape_ = shape;
    changed_ = true;
  }
  wake();
}

void ShapingRelay::stall() {
  {
    const std::scoped_lock lock(mutex_);
    stalled_ = changed_ = true;
  }
  wake();
}

void ShapingRelay::resume() {
  {
    const std::scoped_lock lock(mutex_);
    stalled_ = false;
    changed_ = true;
  }
  wake();
}

void ShapingRelay::take_orders(Time now) {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(changed_, false)) return;
  for (const auto& connection : connections_) {
    connection->each_line([this, now](ShapedLine& line, bool to_client) {
      line.reshape(to_client ? shape_.to_client : shape_.to_server);
      stalled_ ? line.stall(now) : line.resume(now);
    });
  }
}

void ShapingRelay::accept_client() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client || connections_.size() >= kMaxConnections) return;
  UniqueFd server = connect_to(server_);
  if (!server) return;
  const std::scoped_lock lock(mutex_);
  connections_.push_back(std::make_unique<Connection>(std::move(client), std::move(server), shape_));
  changed_ = true;
}

void ShapingRelay::run(const std::stop_token& stop) {
  std::vector<std::byte> scratch;
  std::vector<pollfd> items;
  while (!stop.stop_requested()) {
    Time now = std::chrono::steady_clock::now();
    take_orders(now);
    std::optional<Time> next;
    items.assign({{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
    for (const auto& connection : connections_) {
      connection->watch(now, items);
      const auto due = connection->next();
      if (due && (!next || *due < *next)) next = due;
    }
    timespec wait{};
    if (next) {
      const auto left = std::max(std::chrono::nanoseconds(*next - now), std::chrono::nanoseconds(0));
      wait = {.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    }
    if (::ppoll(items.data(), items.size(), next ? &wait : nullptr, nullptr) < 0 && errno != EINTR) return;
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(wake_.get(), &ignored));
    if ((items[1].revents & POLLIN) != 0) accept_client();
    now = std::chrono::steady_clock::now();
    std::uint64_t to_client = 0;
    std::erase_if(connections_, [&scratch, &to_client, now](const auto& connection) {
      return !connection->step(now, scratch, to_client);
    });
    to_client_ += to_client;
  }
}

}  // namespace tobari::testing
