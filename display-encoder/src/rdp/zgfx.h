// SPDX-License-Identifier: GPL-3.0-or-later
// The envelope of everything on the graphics channel: RDP_SEGMENTED_DATA (MS-RDPEGFX 2.2.5), compressed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "bulk/rdp8_compressor.h"

namespace tobari::display {

// One a channel, from its opening on: the client decompresses with what it was sent before, so what wrap() returned
// must be sent, in order. Not thread safe.
class SegmentedWriter {
 public:
  static constexpr std::size_t kMaxSegment = Rdp8Compressor::kMaxSegment;
  static constexpr std::size_t kMaxMessage = kMaxSegment * 65535;

  // What a byte less is worth from now on. `bytes_per_second`: what the line carries; none: not known, not narrow
  // (kNarrowLine). `soon`: on one that is not narrow, how soon a message is decoded counts more.
  void set_line(std::optional<std::size_t> bytes_per_second, bool soon) noexcept;

  // Appends `message`, of at most kMaxMessage bytes, to `out`: at most 2 bytes more than it has, or 7 and 5 for each
  // segment when it takes several. Nothing for an empty one.
  void wrap(std::span<const std::byte> message, std::vector<std::byte>& out);

 private:
  Rdp8Compressor compressor_;
};

}  // namespace tobari::display
