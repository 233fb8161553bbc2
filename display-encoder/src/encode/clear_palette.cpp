// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_palette.h"

#include <algorithm>
#include <bit>

namespace tobari::display {

namespace {

void put_length(Bytes& out, std::uint32_t length) {
  if (length < 0xFF) {
    put_u8(out, length);
    return;
  }
  put_u8(out, 0xFF);
  if (length < 0xFFFF) {
    put_u16(out, length);
    return;
  }
  put_u16(out, 0xFFFF);
  put_u32(out, length);
}

}  // namespace

bool ClearPalette::look_up(std::uint32_t colour, std::uint32_t& index) {
  std::size_t slot = (colour * 0x9E3779B1u) >> 23;
  while (slots_[slot] != 0) {
    index = slots_[slot] - 1u;
    if (colours_[index] == colour) return true;
    slot = (slot + 1) % kSlots;
  }
  if (count_ == kMaxColours) return false;
  index = static_cast<std::uint32_t>(count_++);
  colours_[index] = colour;
  pixels_[index] = 0;
  slots_[slot] = static_cast<std::uint8_t>(index + 1);
  return true;
}

bool ClearPalette::analyse(const PixelBlock& block) {
  slots_.fill(0);
  count_ = 0;
  runs_.clear();
  const std::size_t total = block.pixels.size();
  const std::size_t max_runs = total + total / 2;  // two bytes each against three a pixel
  std::uint32_t index = 0;
  for (std::size_t at = 0; at < total;) {
    const std::size_t length = run_length(&block.pixels[at], total - at);
    if (runs_.size() >= max_runs || !look_up(block.pixels[at], index)) return false;
    pixels_[index] += static_cast<std::uint32_t>(length);
    runs_.push_back({index, static_cast<std::uint32_t>(length)});
    at += length;
  }
  return true;
}

std::uint32_t ClearPalette::commonest() const {
  const auto most = std::max_element(pixels_.begin(), pixels_.begin() + static_cast<std::ptrdiff_t>(count_));
  return colours_[static_cast<std::size_t>(most - pixels_.begin())];
}

// One segment is a run of a colour and then a suite that starts with one more pixel of it.
void ClearPalette::encode(Bytes& out) const {
  put_u8(out, static_cast<std::uint32_t>(count_));
  for (std::size_t i = 0; i < count_; ++i) put_bgr(out, colours_[i]);
  const unsigned bits = count_ < 2 ? 1u : static_cast<unsigned>(std::bit_width(count_ - 1));
  const std::uint32_t max_depth = (1u << (8 - bits)) - 1;
  for (std::size_t i = 0; i < runs_.size();) {
    const Run& first = runs_[i];
    std::uint32_t depth = 0;
    while (depth < max_depth && i + depth + 1 < runs_.size() && runs_[i + depth + 1].length == 1 &&
           runs_[i + depth + 1].index == first.index + depth + 1) {
      ++depth;
    }
    put_u8(out, (depth << bits) | (first.index + depth));
    put_length(out, first.length - 1);
    i += depth + 1;
  }
}

}  // namespace tobari::display
