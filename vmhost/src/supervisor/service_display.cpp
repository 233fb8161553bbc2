// SPDX-License-Identifier: GPL-3.0-or-later
#include "supervisor/service_display.h"

#include <cerrno>
#include <cstring>
#include <format>

#include <sys/socket.h>
#include <sys/un.h>

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

// While it is on, every message carries its sender, for which the control channel has no room.
Result<void> ask_for_senders(int socket, bool on) {
  const int value = on ? 1 : 0;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &value, sizeof value) == 0) return {};
  return fail_errno(errno, "ask who sends on a control socket");
}

}  // namespace

Result<UniqueFd> ask_for_display(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return fail(Errc::kInvalidArgument, "path of a socket is too long: " + socket);
  std::memcpy(address.sun_path, socket.data(), socket.size());
  UniqueFd connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!connection) return fail_errno(errno, "make a socket");
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(Errc::kUnavailable, std::format("connect to {}: {}", socket, std::strerror(errno)));
  }
  TOBARI_TRY(ask_for_senders(connection.get(), true));
  return connection;
}

Result<std::optional<Sender>> sender_of_next(int socket) {
  char first = 0;
  iovec part{&first, 1};
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(ucred))];
  } control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  const ssize_t got = ::recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::optional<Sender>();
  if (got < 0) return fail_errno(errno, "look at a control message");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS || header->cmsg_len != CMSG_LEN(sizeof(ucred))) {
    return fail(Errc::kPeerProtocol, "a control message without a sender");
  }
  ucred credentials{};
  std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
  TOBARI_TRY(ask_for_senders(socket, false));
  Sender sender{{credentials.pid, UniqueFd(::pidfd_open(credentials.pid, 0)), false}, credentials.uid};
  if (!sender.child.pidfd) return fail_errno(errno, "watch a display process");
  return std::optional(std::move(sender));
}

}  // namespace tobari::vmhost
