// SPDX-License-Identifier: GPL-3.0-or-later
#include "plain_http.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <format>
#include <poll.h>

#include <sys/socket.h>

namespace tobari::cli {
namespace {

using Steady = std::chrono::steady_clock;

Result<void> wait_for(int fd, short events, Steady::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return fail(Errc::kTimeout, "no answer in time");
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "wait for an answer");
  }
}

Result<void> send_all(int fd, std::string_view bytes, Steady::time_point deadline) {
  while (!bytes.empty()) {
    TOBARI_TRY(wait_for(fd, POLLOUT, deadline));
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "ask");
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> receive_all(int fd, Steady::time_point deadline, std::size_t most) {
  std::string all;
  std::array<char, 16384> bytes{};
  for (;;) {
    TOBARI_TRY(wait_for(fd, POLLIN, deadline));
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (got == 0) return all;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "read the answer");
    if (got > 0) all.append(bytes.data(), static_cast<std::size_t>(got));
    if (all.size() > most) return fail(Errc::kPeerProtocol, std::format("the answer is longer than {} bytes", most));
  }
}

// RFC 9112, 4: "HTTP/1.1 200 OK"
Result<PlainAnswer> parse_answer(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kStatusAt = 9, kStatusEnd = 12;
  const auto end = bytes.find("\r\n\r\n");
  PlainAnswer answer;
  if (!bytes.starts_with(kVersion) || end == std::string_view::npos || end < kStatusEnd) {
    return fail(Errc::kPeerProtocol, "what answers speaks no HTTP/1");
  }
  const char* const stop = bytes.data() + kStatusEnd;
  if (std::from_chars(bytes.data() + kStatusAt, stop, answer.status).ptr != stop) {
    return fail(Errc::kPeerProtocol, "an answer without a status");
  }
  answer.body = bytes.substr(end + 4);
  return answer;
}

}  // namespace

Result<PlainAnswer> get_plain(const net::Endpoint& server, const std::string& path, std::chrono::milliseconds within,
                              std::size_t most) {
  const auto deadline = Steady::now() + within;
  TOBARI_ASSIGN(const UniqueFd socket, net::connect_tcp(server, within));
  const std::string request =
      std::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path, net::to_string(server));
  TOBARI_TRY(send_all(socket.get(), request, deadline));
  TOBARI_ASSIGN(const std::string bytes, receive_all(socket.get(), deadline, most));
  return parse_answer(bytes);
}

}  // namespace tobari::cli
