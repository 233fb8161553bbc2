// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_palette.h"

#include <algorithm>
#include <bit>

#include "encode/chunk_writer.h"

namespace tobari::display {

namespace {

void put_length(ChunkWriter& out, std::uint32_t length) {
  if (length < 0xFF) {
    out.u8(length);
    return;
  }
  out.u8(0xFF);
  if (length < 0xFFFF) {
    out.u16(length);
    return;
  }
  out.u16(0xFFFF);
  out.u32(length);
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

void ClearPalette::end_run(std::size_t at) {
  if (runs_.empty()) return;
  Run& run = runs_.back();
  run.length = static_cast<std::uint32_t>(at - begun_);
  pixels_[run.index] += run.length;
}

bool ClearPalette::begin_run(std::uint32_t colour, std::size_t at) {
  end_run(at);
  std::uint32_t index = 0;
  if (!look_up(colour, index)) return false;
  runs_.push_back({index, 0});
  begun_ = at;
  return true;
}

bool ClearPalette::analyse(const PixelView& view) {
  find_runs(view, starts_);
  slots_.fill(0);
  count_ = 0;
  runs_.clear();
  const auto width = static_cast<std::size_t>(view.width);
  const std::uint64_t* word = starts_.data();
  for (int y = 0; y < view.height; ++y) {
    const std::uint32_t* const row = view.row(y);
    const std::size_t before = static_cast<std::size_t>(y) * width;
    for (std::size_t x = 0; x < width; x += 64, ++word) {
      for (std::uint64_t bits = *word; bits != 0; bits &= bits - 1) {
        const std::size_t at = x + static_cast<std::size_t>(std::countr_zero(bits));
        if (!begin_run(row[at], before + at)) return false;
      }
    }
  }
  end_run(view.area());
  return true;
}

std::uint32_t ClearPalette::commonest() const {
  const auto most = std::max_element(pixels_.begin(), pixels_.begin() + static_cast<std::ptrdiff_t>(count_));
  return colours_[static_cast<std::size_t>(most - pixels_.begin())];
}

// One segment is a run of a colour and then a suite that starts with one more pixel of it.
void ClearPalette::encode(Bytes& out) const {
  ChunkWriter writer(out);
  writer.u8(static_cast<std::uint32_t>(count_));
  for (std::size_t i = 0; i < count_; ++i) writer.bgr(colours_[i]);
  const unsigned bits = count_ < 2 ? 1u : static_cast<unsigned>(std::bit_width(count_ - 1));
  const std::uint32_t max_depth = (1u << (8 - bits)) - 1;
  for (std::size_t i = 0; i < runs_.size();) {
    const Run& first = runs_[i];
    std::uint32_t depth = 0;
    while (depth < max_depth && i + depth + 1 < runs_.size() && runs_[i + depth + 1].length == 1 &&
           runs_[i + depth + 1].index == first.index + depth + 1) {
      ++depth;
    }
    writer.u8((depth << bits) | (first.index + depth));
    put_length(writer, first.length - 1);
    i += depth + 1;
  }
}

}  // namespace tobari::display
