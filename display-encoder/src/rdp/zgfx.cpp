// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/zgfx.h"

#include <algorithm>
#include <cstdint>

#include "rdp/wire.h"

namespace tobari::display {
namespace {
constexpr unsigned kSingle = 0xE0;
constexpr unsigned kMultipart = 0xE1;
constexpr unsigned kRdp8NotCompressed = 0x04;
}  // namespace

void wrap_segments(std::span<const std::byte> message, std::vector<std::byte>& out) {
  WireWriter w(out);
  if (message.size() <= kMaxSegment) {
    w.u8(kSingle);
    w.u8(kRdp8NotCompressed);
    w.bytes(message);
    return;
  }
  const std::size_t segments = (message.size() + kMaxSegment - 1) / kMaxSegment;
  out.reserve(out.size() + message.size() + 7 + segments * 5);
  w.u8(kMultipart);
  w.u16(segments);
  w.u32(message.size());
  while (!message.empty()) {
    const auto part = message.first(std::min(message.size(), kMaxSegment));
    w.u32(part.size() + 1);
    w.u8(kRdp8NotCompressed);
    w.bytes(part);
    message = message.subspan(part.size());
  }
}

}  // namespace tobari::display
