// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/planar_encoder.h"

#include <algorithm>
#include <bit>

#include "encode/byte_writer.h"
#include "encode/planar_scan.h"

namespace tobari::display {

namespace {

constexpr std::uint32_t kRunLengthEncoded = 0x10;
constexpr std::uint32_t kNoAlpha = 0x20;
constexpr std::size_t kMinRun = 3;        // shorter runs cannot be written
constexpr std::size_t kMaxRaw = 15;       // values in one segment
constexpr std::size_t kMaxShortRun = 15;  // behind values in the same segment
constexpr std::size_t kMaxRun = 47;       // in a segment of its own

// The part of a run to write now, so that what is left is nothing or long enough.
std::size_t part_of(std::size_t run, std::size_t max) {
  if (run <= max) return run;
  return run - max < kMinRun ? max - kMinRun + 1 : max;
}

void put_runs(std::size_t run, Bytes& out) {
  while (run > 0) {
    const std::size_t part = part_of(run, kMaxRun);
    run -= part;
    if (part >= 32) {
      put_u8(out, static_cast<std::uint32_t>((part - 32) << 4 | 2));
    } else if (part >= 16) {
      put_u8(out, static_cast<std::uint32_t>((part - 16) << 4 | 1));
    } else {
      put_u8(out, static_cast<std::uint32_t>(part));
    }
  }
}

// `raw` values and then `run` repetitions of the last one.
void put_segments(const std::uint8_t* values, std::size_t raw, std::size_t run, Bytes& out) {
  while (raw > 0) {
    const std::size_t now = std::min(raw, kMaxRaw);
    raw -= now;
    const std::size_t with_it = raw == 0 ? part_of(run, kMaxShortRun) : 0;
    run -= with_it;
    put_u8(out, static_cast<std::uint32_t>(now << 4 | with_it));
    const auto* bytes = reinterpret_cast<const std::byte*>(values);
    out.insert(out.end(), bytes, bytes + now);
    values += now;
  }
  put_runs(run, out);
}

// Where from `at` on the first bit is set in words (times `invert`), at most `count`.
std::size_t next_bit(const std::uint64_t* words, std::size_t at, std::size_t count, std::uint64_t invert) {
  std::size_t word = at / 64;
  std::uint64_t bits = (words[word] ^ invert) & (~std::uint64_t{0} << (at % 64));
  while (bits == 0) {
    if (++word * 64 >= count) return count;
    bits = words[word] ^ invert;
  }
  return std::min(count, word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
}

}  // namespace

void PlanarEncoder::encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) {
  const auto width = static_cast<std::size_t>(rect.width);
  const auto height = static_cast<std::size_t>(rect.height);
  for (auto& plane : planes_) plane.resize(width * height);
  for (std::size_t row = 0; row < height; ++row) {
    const int y = rows_ == Rows::kTopDown ? rect.y + static_cast<int>(row) : rect.bottom() - 1 - static_cast<int>(row);
    const std::size_t at = row * width;
    split_planes(frame.at(rect.x, y), width, &planes_[0][at], &planes_[1][at], &planes_[2][at]);
  }
  delta_.resize(width);
  repeats_.resize(2 * (width / 64 + 2));
  put_u8(out, alpha_ == Alpha::kNone ? kRunLengthEncoded | kNoAlpha : kRunLengthEncoded);
  if (alpha_ == Alpha::kOpaque) put_opaque(width, height, out);
  for (std::size_t plane = 0; plane < planes_.size(); ++plane) put_plane(plane, width, height, out);
}

void PlanarEncoder::put_plane(std::size_t plane, std::size_t width, std::size_t height, std::vector<std::byte>& out) {
  const std::uint8_t* row = planes_[plane].data();
  put_row(row, width, out);
  for (std::size_t y = 1; y < height; ++y) {
    row += width;
    delta_row(row, row - width, width, delta_.data());
    put_row(delta_.data(), width, out);
  }
}

void PlanarEncoder::put_opaque(std::size_t width, std::size_t height, std::vector<std::byte>& out) {
  std::ranges::fill(delta_, std::uint8_t{0xFF});
  put_row(delta_.data(), width, out);
  std::ranges::fill(delta_, std::uint8_t{0});
  for (std::size_t y = 1; y < height; ++y) put_row(delta_.data(), width, out);
}

void PlanarEncoder::put_row(const std::uint8_t* values, std::size_t count, std::vector<std::byte>& out) {
  std::uint64_t* const same = repeats_.data();
  const std::size_t words = mark_repeats(values, count, same);
  // Where at least kMinRun repetitions begin.
  std::uint64_t* const starts = same + words;
  for (std::size_t i = 0; i + 1 < words; ++i) {
    starts[i] = same[i] & (same[i] >> 1 | same[i + 1] << 63) & (same[i] >> 2 | same[i + 1] << 62);
  }
  for (std::size_t at = 0; at < count;) {
    const std::size_t run_at = next_bit(starts, at, count, 0);
    const std::size_t run_end = run_at == count ? count : next_bit(same, run_at, count, ~std::uint64_t{0});
    put_segments(values + at, run_at - at, run_end - run_at, out);
    at = run_end;
  }
}

}  // namespace tobari::display
