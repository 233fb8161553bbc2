// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/tcp_socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace tobari::net {
namespace {

constexpr std::size_t kMaxHostName = 253;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<Address> numeric_address(const Endpoint& endpoint) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    out.size = sizeof *v4;
  } else if (inet_pton(AF_INET6, endpoint.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    out.size = sizeof *v6;
  } else {
    return fail(Errc::kInvalidArgument, "not a numeric address: " + endpoint.address);
  }
  return out;
}

UniqueFd tcp_socket(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

Result<void> set_option(int fd, int level, int name, int value, const char* what) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return fail_errno(errno, what);
  return {};
}

Result<UniqueFd> start_connect_to(const sockaddr* address, socklen_t size, const std::string& what) {
  UniqueFd fd = tcp_socket(address->sa_family);
  if (!fd) return fail_errno(errno, "make a socket");
  if (::connect(fd.get(), address, size) != 0 && errno != EINPROGRESS) return fail_errno(errno, "connect to " + what);
  return fd;
}

Result<void> wait_connected(int fd, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return fail(Errc::kTimeout, "no answer in time");
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return connect_result(fd);
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "wait for a connection");
  }
}

Result<Endpoint> name_of(int fd, int (*get)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (get(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return fail_errno(errno, "read a socket's address");
  return to_endpoint(storage);
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > kMaxHostName + 8) {
    return fail(Errc::kInvalidArgument, "write an address as ADDRESS:PORT, not '" + std::string(text) + "'");
  }
  std::string_view address = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  Endpoint out;
  const auto [end, error] = std::from_chars(port_text.begin(), port_text.end(), out.port);
  if (error != std::errc{} || end != port_text.end()) {
    return fail(Errc::kInvalidArgument, "a port is a number from 0 to 65535, not '" + std::string(port_text) + "'");
  }
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  } else if (address.contains(':')) {
    return fail(Errc::kInvalidArgument, "write an IPv6 address in brackets: [" + std::string(address) + "]:PORT");
  }
  if (address.empty()) return fail(Errc::kInvalidArgument, "the address in front of the port is missing");
  out.address = address;
  return out;
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.contains(':');
  return (v6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" + std::to_string(endpoint.port);
}

Result<UniqueFd> listen_tcp(const Endpoint& endpoint, int backlog) {
  TOBARI_ASSIGN(const Address address, numeric_address(endpoint));
  UniqueFd fd = tcp_socket(address.storage.ss_family);
  if (!fd) return fail_errno(errno, "make a socket");
  TOBARI_TRY(set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "set SO_REUSEADDR"));
  if (address.storage.ss_family == AF_INET6) {
    TOBARI_TRY(set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, endpoint.address == "::" ? 0 : 1, "set IPV6_V6ONLY"));
  }
  if (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), backlog) != 0) {
    return fail_errno(errno, "listen on " + to_string(endpoint));
  }
  return fd;
}

Result<UniqueFd> start_connect(const Endpoint& endpoint) {
  TOBARI_ASSIGN(const Address address, numeric_address(endpoint));
  return start_connect_to(address.get(), address.size, to_string(endpoint));
}

Result<void> connect_result(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return fail_errno(error, "connect");
  return {};
}

Result<UniqueFd> connect_tcp(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (const int error = ::getaddrinfo(endpoint.address.c_str(), port.c_str(), &hints, &found); error != 0) {
    return fail(Errc::kUnavailable, "look up " + endpoint.address + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  Result<UniqueFd> last = fail(Errc::kUnavailable, "no address for " + endpoint.address);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    last = start_connect_to(at->ai_addr, at->ai_addrlen, to_string(endpoint));
    if (!last) continue;
    const auto connected = wait_connected(last->get(), deadline);
    if (connected) return last;
    last = context(connected.error(), to_string(endpoint));
  }
  return last;
}

Result<Endpoint> local_endpoint(int fd) { return name_of(fd, ::getsockname); }
Result<Endpoint> peer_endpoint(int fd) { return name_of(fd, ::getpeername); }

Endpoint to_endpoint(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {.address = text, .port = ntohs(v4.sin_port)};
  }
  if (address.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    ::inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  }
  return {.address = text, .port = ntohs(v6.sin6_port)};
}

Result<void> tune_session_socket(int fd, std::chrono::seconds gone_after) {
  const int seconds = static_cast<int>(gone_after.count());
  TOBARI_TRY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "set TCP_NODELAY"));
  TOBARI_TRY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "set SO_KEEPALIVE"));
  TOBARI_TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds / 2 + 1, "set TCP_KEEPIDLE"));
  TOBARI_TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds / 6 + 1, "set TCP_KEEPINTVL"));
  TOBARI_TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3, "set TCP_KEEPCNT"));
  return set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000, "set TCP_USER_TIMEOUT");
}

}  // namespace tobari::net
