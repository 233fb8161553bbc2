// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway_fixture.h"

#include <fcntl.h>
#include <filesystem>
#include <poll.h>

#include <sys/socket.h>

namespace tobari::gateway {
namespace {

void make_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

}  // namespace

std::string connection_request(std::string_view line, std::uint32_t protocols) {
  std::string variable(line);
  if (!variable.empty()) variable += "\r\n";
  variable += std::string("\x01\x00\x08\x00", 4);
  for (int shift = 0; shift < 32; shift += 8) variable.push_back(static_cast<char>(protocols >> shift & 0xff));
  const auto size = static_cast<char>(11 + variable.size());
  std::string head{3, 0, 0, size, static_cast<char>(size - 5), static_cast<char>(0xE0), 0, 0, 0, 0, 0};
  return head + variable;
}

UniqueFd connect_blocking(const net::Endpoint& endpoint) {
  auto fd = net::connect_tcp(endpoint, kPatience);
  if (!fd) {
    ADD_FAILURE() << describe(fd.error());
    return {};
  }
  make_blocking(fd->get());
  return std::move(*fd);
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the peer closed: what it makes of that is what the test looks at
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string receive_exactly(int fd, std::size_t size) {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::recv(fd, out.data() + have, size - have, 0);
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

std::string receive_until_closed(int fd) {
  std::string out;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) {
      out.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    EXPECT_TRUE(got == 0 || errno == ECONNRESET) << "still open after " << kPatience.count() << " s";
    return out;
  }
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(entries, std::filesystem::directory_iterator()));
}

UniqueFd FrontListener::accept() {
  pollfd entry{.fd = listener_.get(), .events = POLLIN, .revents = 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
  EXPECT_EQ(::poll(&entry, 1, static_cast<int>(patience)), 1) << "nobody connected to the front";
  UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (fd) make_blocking(fd.get());
  return fd;
}

RunningGateway::RunningGateway(RouteResolver& routes, const Limits& limits)
    : routes_(routes),
      gateway_(Gateway::create(*loop_, routes, {"127.0.0.1", 0}, limits).value()),
      endpoint_(gateway_->listening_at().value()),
      thread_([this] { loop_->run(); }) {}

RunningGateway::~RunningGateway() {
  loop_->stop();
  thread_.join();
  routes_.stop();
  gateway_.reset();
}

}  // namespace tobari::gateway
