// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/metrics/status_server.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <format>
#include <poll.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/metrics/http_head.h>

namespace tobari::metrics {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kAcceptsPerTurn = 16;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{200};

std::string response(int status, std::string_view reason, std::string_view type, const std::string& body,
                     bool head_only) {
  return std::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
      status, reason, type, body.size(), head_only ? std::string_view() : std::string_view(body));
}

std::string plain(int status, std::string_view reason, const std::string& line, bool head_only = false) {
  return response(status, reason, "text/plain; charset=utf-8", line + "\n", head_only);
}

// A line of text stays one, whatever an error's message holds.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

}  // namespace

struct StatusServer::Connection {
  UniqueFd socket;
  Steady::time_point deadline;
  std::string request = {};
  std::string answer = {};  // empty: the request is not whole yet
  std::size_t sent = 0;

  [[nodiscard]] bool all_sent() const { return !answer.empty() && sent == answer.size(); }
};

StatusServer::StatusServer(UniqueFd listener, UniqueFd wake, net::Endpoint endpoint, StatusPages pages,
                           StatusLimits limits)
    : listener_(std::move(listener)),
      wake_(std::move(wake)),
      endpoint_(std::move(endpoint)),
      pages_(std::move(pages)),
      limits_(limits) {}

StatusServer::~StatusServer() { stop(); }

Result<std::unique_ptr<StatusServer>> StatusServer::start(const net::Endpoint& listen, StatusPages pages,
                                                          StatusLimits limits) {
  TOBARI_ASSIGN(UniqueFd listener, net::listen_tcp(listen, static_cast<int>(limits.connections)));
  TOBARI_ASSIGN(net::Endpoint bound, net::local_endpoint(listener.get()));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an event descriptor");
  std::unique_ptr<StatusServer> server(
      new StatusServer(std::move(listener), std::move(wake), std::move(bound), std::move(pages), limits));
  log::info("metrics and health", {{"address", net::to_string(server->endpoint_)}});
  server->thread_ =
      std::jthread([at = server.get()](const std::stop_token& stop_requested) { at->run(stop_requested); });
  return server;
}

void StatusServer::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void StatusServer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    const auto now = Steady::now();
    auto next = Steady::time_point::max();
    // Out of descriptors: the connection stays queued, so polling on would spin.
    if (now < accept_again_) {
      polled[1].events = 0;
      next = accept_again_;
    }
    for (const Connection& each : connections_) {
      const bool writes = !each.answer.empty() && !each.all_sent();
      polled.push_back({each.socket.get(), static_cast<short>(writes ? POLLOUT : POLLIN), 0});
      next = std::min(next, each.deadline);
    }
    int timeout = -1;
    if (next != Steady::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
      timeout = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    if (::poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR) {
      return log::error("metrics are not served any more", {{"why", fail_errno(errno, "poll").error().message}});
    }
    std::size_t index = 2;
    ended_ += std::erase_if(
        connections_, [this, &polled, &index](Connection& each) { return !serve(each, polled[index++].revents); });
    if ((polled[1].revents & POLLIN) != 0) accept_some();
  }
}

void StatusServer::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        accept_again_ = Steady::now() + kPauseWithoutDescriptors;
      }
      return;
    }
    if (connections_.size() >= limits_.connections) {
      connections_.erase(connections_.begin());
      ++ended_;
    }
    connections_.push_back({std::move(socket), Steady::now() + limits_.request});
  }
}

// False: it is over.
bool StatusServer::serve(Connection& connection, short events) {
  if (Steady::now() >= connection.deadline) return false;
  if (events == 0) return true;
  if (connection.answer.empty()) return read(connection);
  return connection.all_sent() ? drain(connection) : write(connection);
}

bool StatusServer::read(Connection& connection) {
  std::array<char, 2048> bytes{};
  const ssize_t got = ::recv(connection.socket.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  connection.request.append(bytes.data(), static_cast<std::size_t>(got));
  const auto head = parse_request_head(connection.request);
  if (head && !head->has_value()) return true;
  connection.answer =
      head ? answer_to((*head)->method, (*head)->path) : plain(400, "Bad Request", head.error().message);
  connection.request.clear();
  connection.deadline = Steady::now() + limits_.answer;
  return write(connection);
}

bool StatusServer::write(Connection& connection) {
  const std::string_view rest = std::string_view(connection.answer).substr(connection.sent);
  const ssize_t sent = ::send(connection.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  connection.sent += static_cast<std::size_t>(sent);
  if (connection.all_sent()) ::shutdown(connection.socket.get(), SHUT_WR);
  return true;
}

// What is unread when we close would reset the connection, and with it our answer.
bool StatusServer::drain(const Connection& connection) {
  std::array<char, 4096> waste{};
  const ssize_t got = ::recv(connection.socket.get(), waste.data(), waste.size(), 0);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

std::string StatusServer::answer_to(const std::string& method, const std::string& path) const {
  if (path != "/metrics" && path != "/healthz" && path != "/readyz") {
    return plain(404, "Not Found", "there are /metrics, /healthz and /readyz");
  }
  if (method != "GET" && method != "HEAD") return plain(405, "Method Not Allowed", "GET or HEAD");
  const bool head_only = method == "HEAD";
  if (path == "/metrics") {
    const auto text = pages_.metrics();
    if (!text) return plain(503, "Service Unavailable", one_line(text.error().message), head_only);
    return response(200, "OK", "text/plain; version=0.0.4; charset=utf-8", *text, head_only);
  }
  if (path == "/healthz") {
    const auto alive = pages_.alive();
    if (!alive) return plain(503, "Service Unavailable", one_line(alive.error().message), head_only);
    return plain(200, "OK", "alive", head_only);
  }
  const std::string why_not = readiness();
  if (!why_not.empty()) return response(503, "Service Unavailable", "text/plain; charset=utf-8", why_not, head_only);
  return plain(200, "OK", "ready", head_only);
}

std::string StatusServer::readiness() const {
  std::string why_not;
  for (const StatusPages::Check& each : pages_.ready) {
    if (const auto checked = each.check(); !checked) {
      why_not += std::format("{}: {}\n", each.name, one_line(checked.error().message));
    }
  }
  return why_not;
}

}  // namespace tobari::metrics
