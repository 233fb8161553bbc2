// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/dvc.h"

#include <algorithm>
#include <utility>

#include "rdp/wire.h"

namespace tobari::display {
namespace {

// MS-RDPEDYC 2.2: the command is the first octet's upper half, then the size of a length field, then the size of the
// id.
enum Command : unsigned { kCreate = 1, kDataFirst = 2, kData = 3, kClose = 4, kCapabilities = 5 };

std::uint32_t variable(WireReader& in, unsigned size_code) noexcept {
  switch (size_code) {
    case 0:
      return in.u8();
    case 1:
      return in.u16();
    case 2:
      return in.u32();
    default:
      in.skip(in.remaining() + 1);
      return 0;
  }
}

void header(WireWriter& out, Command command, unsigned length_code, std::uint32_t id) {
  out.u8(unsigned{command} << 4 | length_code << 2);
  out.u8(id);
}

}  // namespace

void DvcServer::start() {
  std::vector<std::byte> pdu;
  WireWriter out(pdu);
  out.u8(unsigned{kCapabilities} << 4);
  out.u8(0U);
  out.u16(1U);
  started_ = true;
  output_.send_dvc(pdu);
}

void DvcServer::create(std::uint32_t id, std::string_view name) {
  channels_[id] = {};
  std::vector<std::byte> pdu;
  WireWriter out(pdu);
  header(out, kCreate, 0, id);
  out.bytes(std::as_bytes(std::span(name)));
  out.u8(0U);
  output_.send_dvc(pdu);
}

void DvcServer::close(std::uint32_t id) {
  const auto channel = channels_.find(id);
  if (channel == channels_.end() || std::exchange(channel->second.state, State::kClosed) == State::kClosed) return;
  std::vector<std::byte> pdu;
  WireWriter out(pdu);
  header(out, kClose, 0, id);
  output_.send_dvc(pdu);
}

void DvcServer::send(std::uint32_t id, std::span<const std::byte> message) {
  const auto channel = channels_.find(id);
  if (channel == channels_.end() || channel->second.state != State::kOpen) return;
  std::vector<std::byte> pdu;
  pdu.reserve(std::min(message.size() + 2, longest_pdu_));
  bool first = message.size() > longest_pdu_ - 2;
  do {
    pdu.clear();
    WireWriter out(pdu);
    header(out, first ? kDataFirst : kData, first ? 2 : 0, id);
    if (first) out.u32(message.size());
    first = false;
    const auto part = message.first(std::min(message.size(), longest_pdu_ - pdu.size()));
    out.bytes(part);
    output_.send_dvc(pdu);
    message = message.subspan(part.size());
  } while (!message.empty());
}

Result<void> DvcServer::receive(std::span<const std::byte> piece, bool first, bool last) {
  if (!started_) return fail(Errc::kPeerProtocol, "data on drdynvc before it was opened");
  if (first) pdu_.clear();
  if (piece.size() > kMaxPdu - pdu_.size()) return fail(Errc::kPeerProtocol, "PDU on drdynvc is too long");
  pdu_.insert(pdu_.end(), piece.begin(), piece.end());
  if (!last) return {};
  const auto pdu = std::exchange(pdu_, {});
  return handle(pdu);
}

Result<void> DvcServer::handle(std::span<const std::byte> pdu) {
  WireReader in(pdu);
  const unsigned first = in.u8();
  const unsigned command = first >> 4;
  if (command == kCapabilities) {
    in.skip(1);
    const std::uint16_t version = in.u16();
    if (!in.ok() || version < 1 || ready_) return fail(Errc::kPeerProtocol, "bad drdynvc capabilities");
    ready_ = true;
    events_.on_dvc_ready();
    return {};
  }
  const std::uint32_t id = variable(in, first & 3);
  const auto found = channels_.find(id);
  if (!in.ok() || !ready_ || found == channels_.end()) {
    return fail(Errc::kPermissionDenied, "data on a dynamic channel that was not opened");
  }
  Channel& channel = found->second;
  switch (command) {
    case kCreate: {
      const bool open = (in.u32() & 0x80000000U) == 0;
      if (!in.ok() || std::exchange(channel.answered, true)) {
        return fail(Errc::kPeerProtocol, "bad answer to a new channel");
      }
      if (channel.state == State::kClosed) return {};  // by us, meanwhile
      channel.state = open ? State::kOpen : State::kClosed;
      events_.on_dvc_open(id, open);
      return {};
    }
    case kDataFirst:
      channel.expected = variable(in, first >> 2 & 3);
      channel.message.clear();
      if (!in.ok() || channel.expected == 0 || channel.expected > kMaxMessage) {
        return fail(Errc::kPeerProtocol, "bad length of a message on a dynamic channel");
      }
      return handle_data(id, channel, in.bytes(in.remaining()));
    case kData:
      return handle_data(id, channel, in.bytes(in.remaining()));
    case kClose:
      if (std::exchange(channel.state, State::kClosed) != State::kClosed) events_.on_dvc_open(id, false);
      return {};
    default:
      return fail(Errc::kPeerProtocol, "unknown command on drdynvc");
  }
}

Result<void> DvcServer::handle_data(std::uint32_t id, Channel& channel, std::span<const std::byte> data) {
  if (channel.state == State::kClosed) {
    if (++channel.after_close <= kMaxAfterClose) return {};
    return fail(Errc::kPermissionDenied, "data on a dynamic channel that was closed");
  }
  if (channel.state != State::kOpen) return fail(Errc::kPeerProtocol, "data on a channel before it is open");
  if (channel.expected == 0) return events_.on_dvc_data(id, data);
  if (data.size() > channel.expected - channel.message.size()) {
    return fail(Errc::kPeerProtocol, "more data than announced on a dynamic channel");
  }
  channel.message.insert(channel.message.end(), data.begin(), data.end());
  if (channel.message.size() < channel.expected) return {};
  channel.expected = 0;
  const auto message = std::exchange(channel.message, {});
  return events_.on_dvc_data(id, message);
}

}  // namespace tobari::display
