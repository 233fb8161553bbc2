// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/display/control_channel.h>

#include <cerrno>
#include <cstring>
#include <format>
#include <utility>

#include <google/protobuf/message_lite.h>
#include <sys/socket.h>

namespace tobari::display {
namespace {

// Exactly one descriptor: CMSG_SPACE would leave padding that the kernel fills with a second one.
constexpr std::size_t kControlBytes = CMSG_LEN(sizeof(int));

struct alignas(cmsghdr) ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int))] = {};
};

void attach(msghdr& header, ControlBuffer& control, int descriptor) {
  header.msg_control = control.bytes;
  header.msg_controllen = kControlBytes;
  cmsghdr* item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
}

UniqueFd attached(msghdr& header) {
  UniqueFd found;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    if (item->cmsg_len != CMSG_LEN(sizeof(int))) continue;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(item), sizeof descriptor);
    found.reset(descriptor);
  }
  return found;
}

}  // namespace

ControlChannel::ControlChannel(UniqueFd socket) : socket_(std::move(socket)), buffer_(kMaxControlMessageBytes) {}

Result<std::pair<ControlChannel, ControlChannel>> ControlChannel::pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno(errno, "make a socket pair");
  return std::pair(ControlChannel(UniqueFd(ends[0])), ControlChannel(UniqueFd(ends[1])));
}

Result<void> ControlChannel::send(const google::protobuf::MessageLite& message, int descriptor) {
  const std::size_t size = message.ByteSizeLong();
  // An empty packet cannot be told from the end of the stream.
  if (size == 0) return fail(Errc::kInvalidArgument, "empty control message");
  if (size > kMaxControlMessageBytes) {
    return fail(Errc::kInvalidArgument, std::format("control message of {} bytes is too large", size));
  }
  std::vector<char> bytes(size);
  if (!message.SerializeToArray(bytes.data(), static_cast<int>(size))) {
    return fail(Errc::kInternal, "serialise a control message");
  }
  iovec part{bytes.data(), size};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ControlBuffer control;
  if (descriptor >= 0) attach(header, control, descriptor);
  while (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return fail(Errc::kExhausted, "the other side does not read its control messages");
    if (errno == EPIPE || errno == ECONNRESET) return fail(Errc::kUnavailable, "the other side has gone");
    return fail_errno(errno, "send a control message");
  }
  return {};
}

Result<ControlReceived> ControlChannel::receive(google::protobuf::MessageLite& into) {
  using Status = ControlReceived::Status;
  iovec part{buffer_.data(), buffer_.size()};
  ControlBuffer control;
  msghdr header{};
  ssize_t got = -1;
  // A peer that ends with messages unread leaves an error that goes before what it had said: once it is taken, that is
  // there to be read (net/unix/af_unix.c, unix_release_sock).
  bool reset = false;
  do {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = kControlBytes;
    got = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  if (got < 0 && errno == EAGAIN) return ControlReceived{Status::kNothingYet, {}};
  if (got < 0 && errno == ECONNRESET) return ControlReceived{Status::kClosed, {}};
  if (got < 0) return fail_errno(errno, "receive a control message");
  UniqueFd descriptor = attached(header);
  if ((header.msg_flags & MSG_TRUNC) != 0) return fail(Errc::kPeerProtocol, "control message is too large");
  if ((header.msg_flags & MSG_CTRUNC) != 0) {
    return fail(Errc::kPeerProtocol, "control message with more than one descriptor");
  }
  if (got == 0) return ControlReceived{Status::kClosed, {}};
  if (!into.ParseFromArray(buffer_.data(), static_cast<int>(got))) {
    return fail(Errc::kPeerProtocol, "malformed control message");
  }
  return ControlReceived{Status::kMessage, std::move(descriptor)};
}

}  // namespace tobari::display
