// SPDX-License-Identifier: GPL-3.0-or-later
// The socket between the host agent and one display process (display_control.proto): one protobuf message a packet of
// a SOCK_SEQPACKET socket, with at most one descriptor attached. Neither call blocks: wait for fd() with poll(2).
// One thread at a time may send and one may receive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace google::protobuf {
class MessageLite;
}

namespace tobari::display {

inline constexpr std::size_t kMaxControlMessageBytes = std::size_t{64} * 1024;
inline constexpr int kControlDescriptor = 3;  // where a managed display process finds its end

struct ControlReceived {
  enum class Status : std::uint8_t { kMessage, kNothingYet, kClosed };
  Status status = Status::kNothingYet;
  UniqueFd descriptor;  // close-on-exec; empty when the message brought none
};

class ControlChannel {
 public:
  explicit ControlChannel(UniqueFd socket);
  // Two connected ends, both close-on-exec.
  [[nodiscard]] static Result<std::pair<ControlChannel, ControlChannel>> pair();

  // `descriptor`, when >= 0, is duplicated into the receiver; the caller's stays open.
  // kInvalidArgument: empty or larger than kMaxControlMessageBytes; kExhausted: the other side does not read;
  // kUnavailable: the other side has gone.
  [[nodiscard]] Result<void> send(const google::protobuf::MessageLite& message, int descriptor = -1);

  // kPeerProtocol: too large, not this message, or more than one descriptor (all of them are closed): the other side
  // is not to be listened to any more.
  [[nodiscard]] Result<ControlReceived> receive(google::protobuf::MessageLite& into);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  [[nodiscard]] UniqueFd release() noexcept { return std::move(socket_); }

 private:
  UniqueFd socket_;
  std::vector<char> buffer_;
};

}  // namespace tobari::display
