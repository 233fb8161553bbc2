// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_bands.h"

#include <cstddef>

namespace tobari::display {

namespace {

constexpr std::size_t kColumnStorage = 32768;
constexpr std::size_t kShortColumnStorage = 16384;
constexpr std::uint32_t kColumnHit = 0x8000;
constexpr std::uint32_t kShortColumnHit = 0x4000;

// Spreads every bit over the whole key (the finalizer of MurmurHash3).
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 33;
  value *= 0xFF51AFD7ED558CCDu;
  value ^= value >> 33;
  value *= 0xC4CEB9FE1A85EC53u;
  value ^= value >> 33;
  return value == 0 ? 1 : value;
}

std::uint64_t short_key(const ColumnShape& shape) {
  return mixed(shape.hash + static_cast<std::uint64_t>(shape.off - shape.on) * 0x9E3779B97F4A7C15u);
}

// A whole column is its drawn part, where that stands, and the background around it. The client keeps the height with
// it, so a column of another height is another column.
std::uint64_t column_key(std::uint64_t drawn, const ColumnShape& shape, int height, std::uint32_t background) {
  const std::uint64_t place = (static_cast<std::uint64_t>(background) << 16) |
                              (static_cast<std::uint64_t>(shape.on) << 8) | static_cast<std::uint64_t>(height);
  return mixed(drawn ^ (place * 0xD6E8FEB86659FD93u));
}

}  // namespace

ClearBands::ClearBands() : columns_(kColumnStorage), short_columns_(kShortColumnStorage) {}

bool ClearBands::encode(const PixelView& drawing, int x, int y, std::uint32_t background, std::size_t most,
                        Bytes& out) {
  columns_.checkpoint();
  short_columns_.checkpoint();
  drawing_ = drawing;
  background_ = background;
  next_column_ = 0;
  begin_ = out.size();
  {
    ChunkWriter writer(out);
    for (const int side : {x, x + drawing.width - 1, y, y + drawing.height - 1}) {
      writer.u16(static_cast<std::uint32_t>(side));
    }
    writer.bgr(background);
  }
  scan_columns(drawing, background, shapes_);
  return go_on(most, out);
}

bool ClearBands::go_on(std::size_t most, Bytes& out) {
  ChunkWriter writer(out);
  while (next_column_ < drawing_.width) {
    if (writer.size() - begin_ > most) return false;
    put_column(next_column_++, writer);
  }
  return writer.size() - begin_ <= most;
}

void ClearBands::put_column(int x, ChunkWriter& out) {
  const ColumnShape& shape = shapes_[static_cast<std::size_t>(x)];
  const std::uint64_t drawn = short_key(shape);
  const std::uint64_t whole = column_key(drawn, shape, drawing_.height, background_);
  if (const auto index = columns_.find(whole)) {
    out.u16(kColumnHit | *index);
    return;
  }
  if (const auto index = short_columns_.find(drawn)) {
    out.u16(kShortColumnHit | *index);
    out.u8(shape.on);
  } else {
    out.u8(shape.on);
    out.u8(shape.off);
    for (int y = shape.on; y < shape.off; ++y) out.bgr(drawing_.row(y)[x]);
    short_columns_.insert(drawn);
  }
  columns_.insert(whole);
}

void ClearBands::rollback() {
  columns_.rollback();
  short_columns_.rollback();
}

void ClearBands::clear() {
  columns_.clear();
  short_columns_.clear();
}

}  // namespace tobari::display
