// SPDX-License-Identifier: GPL-3.0-or-later
// What a gigabyte through the relay costs: splice(2) as the gateway does it, against reading and writing it.
// usage: bench_relay [MEGABYTES]
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <poll.h>
#include <print>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>

#include <tobari/net/tcp_socket.h>

#include "gateway/relay.h"

namespace tobari::gateway {
namespace {

struct Line {
  UniqueFd ours, theirs;  // the relay's end does not block, the other one does
};

Line make_line() {
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  Line line;
  line.ours = net::connect_tcp(net::local_endpoint(listener.get()).value(), std::chrono::seconds(5)).value();
  line.theirs = UniqueFd(::accept(listener.get(), nullptr, nullptr));
  return line;
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void relay_by_splice(Line& from, Line& to) {
  const SystemClock clock;
  const auto loop = EventLoop::create(clock).value();
  PipePool pipes;
  const Limits limits;
  Counters counters;
  const auto relay = std::make_shared<Relay>(
      *loop, pipes, limits, counters,
      RoutedPair{.client = std::move(to.ours), .front = std::move(from.ours), .session_id = {}, .client_address = {}},
      [&loop](const std::string&) { loop->stop(); });
  relay->start();
  loop->run();
}

void wait_for(int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  ::poll(&entry, 1, -1);
}

void relay_by_copying(Line& from, Line& to) {
  std::vector<char> buffer(std::size_t{64} * 1024);
  while (true) {
    const ssize_t got = ::recv(from.ours.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) {
      wait_for(from.ours.get(), POLLIN);
      continue;
    }
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const ssize_t sent = ::send(to.ours.get(), buffer.data() + at, static_cast<std::size_t>(got - at), MSG_NOSIGNAL);
      if (sent > 0) at += sent;
      if (sent < 0 && errno == EAGAIN) wait_for(to.ours.get(), POLLOUT);
      if (sent < 0 && errno != EAGAIN) return;
    }
  }
  to.ours.reset();
}

void measure(const char* name, std::size_t megabytes, void (*relay)(Line&, Line&)) {
  Line host = make_line();
  Line client = make_line();
  const std::jthread sender([&host, megabytes] {
    const std::vector<char> block(std::size_t{1} << 20, 'x');
    for (std::size_t i = 0; i < megabytes; ++i) {
      for (std::size_t at = 0; at < block.size();) {
        const ssize_t sent = ::send(host.theirs.get(), block.data() + at, block.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
      }
    }
    ::shutdown(host.theirs.get(), SHUT_WR);
  });
  const std::jthread receiver([&client] {
    std::vector<char> block(std::size_t{1} << 20);
    while (::recv(client.theirs.get(), block.data(), block.size(), MSG_TRUNC) > 0) {
    }
    client.theirs.reset();
  });
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_begin = cpu_seconds();
  relay(host, client);
  const double cpu = cpu_seconds() - cpu_begin;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  const double gigabytes = static_cast<double>(megabytes) / 1024;
  std::println("{:<8} {:6.2f} GiB/s   {:6.3f} CPU s a GiB   ({:.2f} s)", name, gigabytes / wall.count(),
               cpu / gigabytes, wall.count());
}

}  // namespace
}  // namespace tobari::gateway

int main(int argc, char** argv) {
  using namespace tobari::gateway;
  const std::size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2048;
  for (int round = 0; round < 3; ++round) {
    measure("splice", megabytes, relay_by_splice);
    measure("copy", megabytes, relay_by_copying);
  }
}
