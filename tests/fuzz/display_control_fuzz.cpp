// SPDX-License-Identifier: GPL-3.0-or-later
// What a host agent hears from a display process that was taken over, and the other way round: packets on the control
// socket, descriptors with them. Properties: each is a message or the end; no descriptor is left open; what was read is
// written and read again as the same; a grant is never wider than what was sent.
#include <array>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/socket.h>

#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>

#include "control/grant_from_wire.h"
#include "input.h"

namespace {

using namespace tobari;
using display::ControlChannel;
using display::ControlReceived;
using fuzz::require;

constexpr std::size_t kMaxDescriptors = 3;

bool send_raw(int socket, std::span<const std::byte> bytes, std::size_t descriptors) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
  if (descriptors > 0) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
    const std::array<int, kMaxDescriptors> copies{socket, socket, socket};
    std::memcpy(CMSG_DATA(item), copies.data(), descriptors * sizeof(int));
  }
  return ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

int lowest_free() {
  const int fd = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
  if (fd >= 0) ::close(fd);
  return fd;
}

void look(const wire::Grant& wire) {
  const policy::Grant grant = display::grant_from_wire(wire);
  require(std::cmp_equal(grant.channels.size(), wire.channels_size()));
  for (std::size_t i = 0; i < grant.channels.size(); ++i) {
    const auto& sent = wire.channels(static_cast<int>(i));
    if (sent.formats_size() == 0) require(grant.channels[i].limits.formats.empty());
    if (sent.has_bytes_per_transfer())
      require(grant.channels[i].limits.bytes_per_transfer == sent.bytes_per_transfer());
    if (sent.has_bytes_per_day()) require(grant.channels[i].limits.bytes_per_day == sent.bytes_per_day());
  }
  if (wire.recording() != wire::Grant::NONE) require(grant.recording != policy::Recording::kNone);
}

void look(const wire::ToDisplay& message) {
  if (message.has_arm()) look(message.arm().grant());
  if (message.has_narrow()) look(message.narrow().grant());
}
void look(const wire::FromDisplay&) {}

// False: nobody listens any more.
template <class Message>
bool hear(ControlChannel& channel) {
  Message message;
  const auto got = channel.receive(message);
  if (!got) return false;
  if (got->status != ControlReceived::Status::kMessage) return got->status == ControlReceived::Status::kNothingYet;
  look(message);
  std::string text;
  require(message.SerializeToString(&text));
  Message again;
  require(again.ParseFromString(text));
  std::string twice;
  require(again.SerializeToString(&twice));
  require(twice.size() == text.size());
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input in(data, size);
  auto ends = ControlChannel::pair();
  require(ends.has_value());
  const bool to_display = in.u8() % 2 != 0;
  const int lowest = lowest_free();
  while (!in.done()) {
    const std::size_t descriptors = in.u8() % (kMaxDescriptors + 1);
    const auto packet = in.bytes(in.u16());
    if (packet.empty() || !send_raw(ends->first.fd(), packet, descriptors)) continue;
    const bool goes_on = to_display ? hear<wire::ToDisplay>(ends->second) : hear<wire::FromDisplay>(ends->second);
    require(lowest_free() == lowest);
    if (!goes_on) break;
  }
  return 0;
}
