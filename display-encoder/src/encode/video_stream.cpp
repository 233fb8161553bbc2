// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/video_stream.h"

#include <utility>

namespace tobari::display {

namespace {

bool contains(const Rect& outer, const Rect& inner) { return intersect(outer, inner) == inner; }

bool is_most_of(const Rect& part, Size whole) { return part.area() * 4 >= whole.area() * 3; }

// Chroma samples must lie on the surface's own grid.
Rect even(const Rect& rect, Size surface) {
  const Rect grown{rect.x / 2 * 2, rect.y / 2 * 2, rect.right() - rect.x / 2 * 2, rect.bottom() - rect.y / 2 * 2};
  return intersect({grown.x, grown.y, (grown.width + 1) / 2 * 2, (grown.height + 1) / 2 * 2}, bounds(surface));
}

}  // namespace

void VideoStream::reset(Size surface) {
  surface_ = surface;
  encoder_.reset();
  place_ = {};
  off_screen_ = false;
  refused_ = false;
}

Result<void> VideoStream::open(const Rect& playing, Time now, EncodedFrame& frame) {
  const bool moves = encoder_ != nullptr && now - opened_ < kStill;
  Rect place = even(encoder_ ? unite(place_, playing) : playing, surface_);
  if (moves || is_most_of(place, surface_)) place = bounds(surface_);
  encoder_.reset();
  auto made = Avc420Encoder::create(place);
  if (!made) {
    refused_ = true;
    return std::unexpected(made.error());
  }
  encoder_ = std::move(*made);
  place_ = place;
  opened_ = now;
  if (place == bounds(surface_)) return {};
  EncodedRect surface;
  surface.codec = Codec::kVideoSurface;
  surface.rect = place;
  surface.replaces = std::exchange(off_screen_, true);
  frame.rects.push_back(std::move(surface));
  return {};
}

Result<Region> VideoStream::encode(const FrameView& picture, const Region& area, const Rect& playing, Time now,
                                   EncodedFrame& frame) {
  Region video = aligned_for_chroma(area, surface_);
  const std::size_t before = frame.rects.size();
  const bool had_off_screen = off_screen_;
  if (!encoder_ || !contains(place_, video.bounding_box())) {
    TOBARI_TRY(open(unite(playing, video.bounding_box()), now, frame));
  }
  if (line_rate_) encoder_->set_line_rate(*line_rate_);
  auto encoded = encoder_->encode(picture, video);
  if (!encoded) {
    encoder_.reset();
    frame.rects.resize(before);
    off_screen_ = had_off_screen;
    return std::unexpected(encoded.error());
  }
  encoded->off_screen = place_ != bounds(surface_);
  frame.rects.push_back(std::move(*encoded));
  used_ = now;
  return video;
}

bool VideoStream::trim(Time now) {
  if (encoder_ && now - used_ >= kKept) encoder_.reset();
  return encoder_ != nullptr;
}

}  // namespace tobari::display
