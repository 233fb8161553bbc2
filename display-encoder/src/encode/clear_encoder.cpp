// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_encoder.h"

#define XXH_INLINE_ALL
#include <algorithm>
#include <span>
#include <utility>
#include <xxhash.h>

#include "encode/byte_writer.h"
#include "encode/chunk_writer.h"
#include "encode/clear_bands.h"
#include "encode/clear_cache.h"
#include "encode/clear_layout.h"
#include "encode/clear_palette.h"
#include "encode/pixel_scan.h"

namespace tobari::display {

namespace {

constexpr std::uint32_t kGlyphIndex = 0x01;
constexpr std::uint32_t kGlyphHit = 0x02;
constexpr std::uint32_t kCacheReset = 0x04;
constexpr std::size_t kGlyphStorage = 4000;
constexpr std::size_t kMaxGlyphArea = 1024;

constexpr std::uint32_t kSubcodecPlain = 0;
constexpr std::uint32_t kSubcodecPalette = 2;
constexpr std::size_t kSubcodecHeader = 13;
constexpr long kMinSplitArea = 512;
// Columns stay with the client, so text costs a third the next time; without this it would be drawn from a palette the
// first time, being smaller, and for that reason every time. Measured with a full terminal, first and second time: 97
// and 76 kB with 1, 92 and 41 kB with 2, 99 and 38 kB with 3.
constexpr std::size_t kWorthOfColumns = 2;
constexpr std::size_t kBytesOfARun = 2;  // in a palette's encoding, where suites are rare

// Whether the client keeps all of it anyway.
bool is_glyph(const PixelBlock& block) { return block.pixels.size() <= kMaxGlyphArea; }

void put_residual_run(Bytes& out, std::uint32_t colour, std::uint32_t length) {
  put_bgr(out, colour);
  if (length < 0xFF) {
    put_u8(out, length);
  } else if (length < 0xFFFF) {
    put_u8(out, 0xFF);
    put_u16(out, length);
  } else {
    put_u8(out, 0xFF);
    put_u16(out, 0xFFFF);
    put_u32(out, length);
  }
}

}  // namespace

class ClearEncoder::Impl {
 public:
  Impl() : glyphs_(kGlyphStorage) {}

  void encode(const FrameView& frame, const Rect& rect, Bytes& out);
  void reset();
  void start_anew();

 private:
  void compose(Bytes& out);
  void put_drawing(const Rect& place);
  [[nodiscard]] std::size_t try_palette(const PixelView& drawing, std::size_t otherwise);
  void put_palette(const Rect& place);  // what was tried last
  void drop_band(std::size_t size_before);
  void split_drawing(const Rect& place);
  void put_subcodec_header(const Rect& place, std::size_t bytes, std::uint32_t id);
  void put_plain(const Rect& place);

  std::uint32_t sequence_ = 0;
  bool first_ = true;
  ClearRing glyphs_;
  ClearBands bands_coder_;
  ClearPalette palette_;
  ClearLayout layout_;

  PixelBlock block_;
  std::uint32_t background_ = 0;
  Bytes residual_;
  Bytes bands_;
  Bytes subcodecs_;
  Bytes tried_;  // a palette
  bool few_colours_ = false;
};

void ClearEncoder::Impl::reset() {
  sequence_ = 0;
  start_anew();
}

// The client's columns are gone with the flag. Its glyphs stay, but none is asked for that was not sent since.
void ClearEncoder::Impl::start_anew() {
  first_ = true;
  glyphs_.clear();
  bands_coder_.clear();
}

void ClearEncoder::Impl::encode(const FrameView& frame, const Rect& rect, Bytes& out) {
  load_block(frame, rect, block_);
  const std::uint32_t sequence = sequence_;
  // Costs nothing, and a client that was served by another encoder before (its surface was made anew, FreeRDP then also
  // counts from zero again) still writes its columns where we think.
  const std::uint32_t start = std::exchange(first_, false) ? kCacheReset : 0;
  sequence_ = (sequence_ + 1) & 0xFFu;
  if (!is_glyph(block_)) {
    put_u8(out, start);
    put_u8(out, sequence);
    compose(out);
    return;
  }
  const auto size = static_cast<std::uint64_t>(rect.width) << 32 | static_cast<std::uint64_t>(rect.height);
  const std::uint64_t key =
      std::max<std::uint64_t>(1, XXH3_64bits_withSeed(block_.pixels.data(), block_.pixels.size() * 4, size));
  glyphs_.checkpoint();
  const auto known = glyphs_.find(key);
  put_u8(out, start | (known ? kGlyphIndex | kGlyphHit : kGlyphIndex));
  put_u8(out, sequence);
  put_u16(out, known ? *known : glyphs_.insert(key));
  if (!known) compose(out);
}

void ClearEncoder::Impl::compose(Bytes& out) {
  residual_.clear();
  bands_.clear();
  subcodecs_.clear();
  background_ = ClearLayout::background_of(block_);
  const std::vector<Rect>& drawings = layout_.find(block_, background_, ClearBands::kMaxHeight);
  const Rect whole{0, 0, block_.width, block_.height};
  if (drawings.size() != 1 || drawings.front() != whole) {
    put_residual_run(residual_, background_, static_cast<std::uint32_t>(block_.pixels.size()));
  }
  for (const Rect& place : drawings) put_drawing(place);
  put_u32(out, static_cast<std::uint32_t>(residual_.size()));
  put_u32(out, static_cast<std::uint32_t>(bands_.size()));
  put_u32(out, static_cast<std::uint32_t>(subcodecs_.size()));
  out.insert(out.end(), residual_.begin(), residual_.end());
  out.insert(out.end(), bands_.begin(), bands_.end());
  out.insert(out.end(), subcodecs_.begin(), subcodecs_.end());
}

void ClearEncoder::Impl::put_drawing(const Rect& place) {
  const PixelView drawing = block_.view(place);
  const std::size_t bands_before = bands_.size();
  const std::size_t worth = is_glyph(block_) ? 1 : kWorthOfColumns;
  const std::size_t plain_size = kSubcodecHeader + drawing.area() * 3;
  const Texture texture = look_at(drawing, background_);

  std::size_t palette_size = 0;  // not tried
  if (texture.runs < static_cast<std::size_t>(drawing.width)) {
    palette_size = try_palette(drawing, plain_size);
    // Lines and bars: not even columns that are all known could be worth it.
    if (palette_size * worth < ClearBands::least_size(drawing.width)) {
      put_palette(place);
      return;
    }
  }
  const bool on_background = texture.background * 3 > drawing.area();
  // Known columns, as most text consists of: a palette is never that small, so it need not be made to be compared.
  const std::size_t surely_less = texture.runs * worth / kBytesOfARun;
  if (on_background && bands_coder_.encode(drawing, place.x, place.y, background_, surely_less, bands_)) return;
  if (palette_size == 0) palette_size = try_palette(drawing, plain_size);
  if (!few_colours_ && place.area() >= kMinSplitArea) {
    if (on_background) drop_band(bands_before);
    split_drawing(place);
    return;
  }
  const std::size_t most = std::min(palette_size * worth, plain_size);
  const std::uint32_t ground = few_colours_ ? palette_.commonest() : background_;
  if (on_background ? bands_coder_.go_on(most, bands_)
                    : bands_coder_.encode(drawing, place.x, place.y, ground, most, bands_)) {
    return;
  }
  drop_band(bands_before);
  if (palette_size < plain_size) {
    put_palette(place);
  } else {
    put_plain(place);
  }
}

// What the drawing takes in a palette; `otherwise` when it has too many colours for one.
std::size_t ClearEncoder::Impl::try_palette(const PixelView& drawing, std::size_t otherwise) {
  few_colours_ = palette_.analyse(drawing);
  if (!few_colours_) return otherwise;
  tried_.clear();
  palette_.encode(tried_);
  return kSubcodecHeader + tried_.size();
}

void ClearEncoder::Impl::put_palette(const Rect& place) {
  put_subcodec_header(place, tried_.size(), kSubcodecPalette);
  subcodecs_.insert(subcodecs_.end(), tried_.begin(), tried_.end());
}

void ClearEncoder::Impl::drop_band(std::size_t size_before) {
  bands_.resize(size_before);
  bands_coder_.rollback();
}

void ClearEncoder::Impl::split_drawing(const Rect& place) {
  Rect first = place;
  Rect second = place;
  if (place.width >= place.height) {
    first.width /= 2;
    second.x += first.width;
    second.width -= first.width;
  } else {
    first.height /= 2;
    second.y += first.height;
    second.height -= first.height;
  }
  put_drawing(first);
  put_drawing(second);
}

void ClearEncoder::Impl::put_subcodec_header(const Rect& place, std::size_t bytes, std::uint32_t id) {
  put_u16(subcodecs_, static_cast<std::uint32_t>(place.x));
  put_u16(subcodecs_, static_cast<std::uint32_t>(place.y));
  put_u16(subcodecs_, static_cast<std::uint32_t>(place.width));
  put_u16(subcodecs_, static_cast<std::uint32_t>(place.height));
  put_u32(subcodecs_, static_cast<std::uint32_t>(bytes));
  put_u8(subcodecs_, id);
}

void ClearEncoder::Impl::put_plain(const Rect& place) {
  put_subcodec_header(place, static_cast<std::size_t>(place.area()) * 3, kSubcodecPlain);
  const PixelView drawing = block_.view(place);
  ChunkWriter writer(subcodecs_);
  for (int y = 0; y < drawing.height; ++y) {
    for (const std::uint32_t colour : std::span(drawing.row(y), static_cast<std::size_t>(drawing.width))) {
      writer.bgr(colour);
    }
  }
}

ClearEncoder::ClearEncoder() : impl_(std::make_unique<Impl>()) {}
ClearEncoder::~ClearEncoder() = default;

void ClearEncoder::encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) {
  impl_->encode(frame, rect, out);
}

void ClearEncoder::reset() { impl_->reset(); }
void ClearEncoder::start_anew() { impl_->start_anew(); }

}  // namespace tobari::display
