// SPDX-License-Identifier: GPL-3.0-or-later
// The envelope of everything on the graphics channel (MS-RDPEGFX 2.2.5 RDP_SEGMENTED_DATA), without compression.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tobari::display {

// Appends `message` to `out` in its envelope. At most kMaxMessage bytes.
void wrap_segments(std::span<const std::byte> message, std::vector<std::byte>& out);

inline constexpr std::size_t kMaxSegment = 65535;
inline constexpr std::size_t kMaxMessage = kMaxSegment * kMaxSegment;

}  // namespace tobari::display
