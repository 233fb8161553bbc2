// SPDX-License-Identifier: GPL-3.0-or-later
// A client's first packet, and what comes back.
#pragma once

#include <poll.h>
#include <string>

#include <sys/socket.h>

#include <tobari/net/tcp_socket.h>

namespace tobari::vmhost {

// TPKT, X.224 Connection Request, routing token, RDP_NEG_REQ that offers TLS ([MS-RDPBCGR] 2.2.1.1).
[[nodiscard]] inline std::string connection_request(const std::string& token) {
  const std::string cookie = "Cookie: msts=" + token + "\r\n";
  const std::string nego("\x01\x00\x08\x00\x01\x00\x00\x00", 8);
  const std::size_t total = 4 + 7 + cookie.size() + nego.size();
  std::string bytes("\x03\x00", 2);
  bytes += static_cast<char>(total >> 8);
  bytes += static_cast<char>(total & 0xff);
  bytes += static_cast<char>(total - 5);
  bytes += std::string("\xe0\x00\x00\x00\x00\x00", 6);
  return bytes + cookie + nego;
}

// What comes back, up to a line end or the connection's.
[[nodiscard]] inline std::string read_answer(int socket) {
  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    pollfd waiting{socket, POLLIN, 0};
    if (::poll(&waiting, 1, 15'000) <= 0) return "nothing within 15 s";
    char part[512];
    const ssize_t n = ::recv(socket, part, sizeof part, 0);
    if (n <= 0) break;
    answer.append(part, static_cast<std::size_t>(n));
  }
  return answer;
}

// Up to the line that has `text`; what comes before it is skipped.
[[nodiscard]] inline std::string read_answer_with(const std::string& text, int socket) {
  std::string answer = read_answer(socket);
  for (std::size_t read = answer.size(); answer.find(text) == std::string::npos && read > 0;) {
    const std::string more = read_answer(socket);
    read = more.find('\n') == std::string::npos ? 0 : more.size();
    answer += more;
  }
  return answer;
}

// Empty when it was just closed.
[[nodiscard]] inline std::string connect_to_front(const net::Endpoint& front, const std::string& bytes) {
  const auto socket = net::connect_tcp(front, std::chrono::milliseconds(2000));
  if (!socket) return {};
  static_cast<void>(::send(socket->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  return read_answer(socket->get());
}

}  // namespace tobari::vmhost
