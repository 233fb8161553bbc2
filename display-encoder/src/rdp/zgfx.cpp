// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/zgfx.h"

#include <algorithm>
#include <cstdint>

#include <tobari/display/encoder.h>

#include "rdp/wire.h"

namespace tobari::display {
namespace {
constexpr unsigned kSingle = 0xE0;
constexpr unsigned kMultipart = 0xE1;

// Typing and small changes; and what only a fast line gets in one message, since frames are cut to what the line takes.
constexpr std::size_t kShort = 4096;
constexpr std::size_t kLong = std::size_t{256} * 1024;

// Nanoseconds that a byte takes on lines that are not narrow: as on 250 Mbit/s, because bytes are worth something
// there, too; and as on 1 Gbit/s.
constexpr std::size_t kByteTime = 32;
constexpr std::size_t kSoonByteTime = 8;

Rdp8Compressor::Haste haste_for(std::size_t message) {
  using enum Rdp8Compressor::Haste;
  return message <= kShort ? kShortMessage : message < kLong ? kOrdinary : kLongMessage;
}
}  // namespace

void SegmentedWriter::set_line(std::optional<std::size_t> bytes_per_second, bool soon) noexcept {
  constexpr std::size_t kSecond = 1'000'000'000;
  const bool narrow = bytes_per_second && *bytes_per_second < kNarrowLine;
  const std::size_t wide = soon ? kSoonByteTime : kByteTime;
  compressor_.set_byte_time(narrow ? kSecond / std::max<std::size_t>(*bytes_per_second, 1) : wide);
}

void SegmentedWriter::wrap(std::span<const std::byte> message, std::vector<std::byte>& out) {
  if (message.empty()) return;
  WireWriter w(out);
  const auto haste = haste_for(message.size());
  compressor_.begin_message();
  if (message.size() <= kMaxSegment) {
    w.u8(kSingle);
    compressor_.compress(message, haste, out);
    return;
  }
  w.u8(kMultipart);
  w.u16((message.size() + kMaxSegment - 1) / kMaxSegment);
  w.u32(message.size());
  while (!message.empty()) {
    const auto part = message.first(std::min(message.size(), kMaxSegment));
    const std::size_t size_at = w.position();
    w.u32(0U);
    compressor_.compress(part, haste, out);
    w.patch_u32(size_at, static_cast<std::uint32_t>(w.position() - size_at - 4));
    message = message.subspan(part.size());
  }
}

}  // namespace tobari::display
