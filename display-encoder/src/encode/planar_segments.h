// SPDX-License-Identifier: GPL-3.0-or-later
// Segments of a run-length encoded plane (MS-RDPEGDI 2.2.2.5.1.2): values, and repetitions of the last one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tobari::display::planar {

inline constexpr std::size_t kMinRun = 3;        // shorter runs cannot be written
inline constexpr std::size_t kMaxRaw = 15;       // values in one segment
inline constexpr std::size_t kMaxShortRun = 15;  // behind values in the same segment
inline constexpr std::size_t kMaxRun = 47;       // in a segment of its own

// What one row can need, and what is written (and read of its values) beyond the end for speed.
[[nodiscard]] constexpr std::size_t row_bound(std::size_t width) noexcept { return width + width / kMaxRaw + 2; }
inline constexpr std::size_t kSlack = 16;

// The part of a run to write now, so that what is left is nothing or long enough.
[[nodiscard]] inline std::size_t part_of(std::size_t run, std::size_t max) noexcept {
  if (run <= max) return run;
  return run - max < kMinRun ? max - kMinRun + 1 : max;
}

inline std::byte* put_runs(std::size_t run, std::byte* out) noexcept {
  while (run > 0) {
    const std::size_t part = part_of(run, kMaxRun);
    run -= part;
    if (part >= 32) {
      *out++ = static_cast<std::byte>((part - 32) << 4 | 2);
    } else if (part >= 16) {
      *out++ = static_cast<std::byte>((part - 16) << 4 | 1);
    } else {
      *out++ = static_cast<std::byte>(part);
    }
  }
  return out;
}

// `raw` values and then `run` repetitions of the last one; run is 0 or at least kMinRun.
inline std::byte* put_segments(const std::uint8_t* values, std::size_t raw, std::size_t run, std::byte* out) noexcept {
  while (raw > 0) {
    const std::size_t now = std::min(raw, kMaxRaw);
    raw -= now;
    const std::size_t with_it = raw == 0 ? part_of(run, kMaxShortRun) : 0;
    run -= with_it;
    *out = static_cast<std::byte>(now << 4 | with_it);
    std::memcpy(out + 1, values, kSlack);  // of a fixed size: faster than as many as there are
    out += 1 + now;
    values += now;
  }
  return put_runs(run, out);
}

}  // namespace tobari::display::planar
