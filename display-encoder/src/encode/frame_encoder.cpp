// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/frame_encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "encode/avc420_encoder.h"
#include "encode/connection_encoders.h"
#include "encode/lossy_area.h"
#include "encode/motion_map.h"
#include "encode/piece_map.h"
#include "encode/planar_encoder.h"
#include "encode/uncompressed_encoder.h"
#include "encode/video_areas.h"

namespace tobari::display {

namespace {

// Pixels in one command, and the most bytes that an encoder makes of one: what is left of a budget must hold one more.
constexpr long kFramePiece = 256L * 1024;
constexpr long kRefinePiece = 16L * 1024;
constexpr std::size_t worst_case(long pixels) { return static_cast<std::size_t>(pixels) * 4 + 64; }

constexpr std::chrono::seconds kVideoKept{5};

}  // namespace

class FrameEncoder::Impl {
 public:
  Impl(Size size, ClientCodecs codecs, std::shared_ptr<ConnectionEncoders> shared)
      : codecs_(codecs), shared_(shared ? std::move(shared) : std::make_shared<ConnectionEncoders>()) {
    resize(size);
  }

  void resize(Size size);
  EncodedFrame encode(const FrameView& picture, const Region& changed, Time now);
  EncodedFrame refine(const FrameView& picture, Time now);
  [[nodiscard]] std::optional<Time> next_refinement() const;
  [[nodiscard]] Region inexact() const;
  bool trim(Time now);

 private:
  void encode_video(const FrameView& picture, Region& changed, Time now, EncodedFrame& frame);
  Region encode_exact(const FrameView& picture, const Region& area, long max_piece, std::size_t budget,
                      EncodedFrame& frame);
  EncodedRect encode_piece(const FrameView& picture, const Piece& piece);
  [[nodiscard]] RectEncoder& encoder_for(Kind kind);

  Size size_;
  ClientCodecs codecs_;
  std::shared_ptr<ConnectionEncoders> shared_;
  PlanarEncoder planar_;
  UncompressedEncoder uncompressed_;
  MotionMap motion_;

  std::unique_ptr<Avc420Encoder> video_;
  bool video_refused_ = false;  // x264 does not take this size
  Time last_video_{};

  Region owed_;  // not sent: over the budget
  LossyArea lossy_;
};

void FrameEncoder::Impl::resize(Size size) {
  size_ = size;
  motion_.reset(size);
  video_.reset();
  video_refused_ = false;
  owed_.clear();
  lossy_.reset(size);
}

EncodedFrame FrameEncoder::Impl::encode(const FrameView& picture, const Region& changed, Time now) {
  EncodedFrame frame;
  Region rest = changed;
  rest.clip(bounds(size_));
  motion_.note(rest, now);
  rest.add(owed_);
  owed_.clear();
  if (codecs_.avc420 && !video_refused_) encode_video(picture, rest, now, frame);
  owed_ = encode_exact(picture, rest, kFramePiece, kFrameByteBudget, frame);
  return frame;
}

// Takes what it sends out of `changed`.
void FrameEncoder::Impl::encode_video(const FrameView& picture, Region& changed, Time now, EncodedFrame& frame) {
  Region video;
  for (const Rect& area : video_areas(motion_, picture, now)) {
    for (const Rect& rect : changed.rects()) video.add(intersect(rect, area));
  }
  if (video.empty()) return;
  if (!video_) {
    auto made = Avc420Encoder::create(size_);
    if (!made) {
      video_refused_ = true;
      log::warning("video_unavailable", {{"error", describe(made.error())}});
      return;
    }
    video_ = std::move(*made);
  }
  video = aligned_for_chroma(video, size_);
  auto encoded = video_->encode(picture, video);
  if (!encoded) {
    video_.reset();  // the client's decoder takes the next one's key frame; this time all goes without loss
    log::error("video_encode", {{"error", describe(encoded.error())}});
    return;
  }
  frame.rects.push_back(std::move(*encoded));
  last_video_ = now;
  lossy_.add(video, now);
  for (const Rect& rect : video.rects()) changed.subtract(rect);
}

// Returns what did not fit.
Region FrameEncoder::Impl::encode_exact(const FrameView& picture, const Region& area, long max_piece,
                                        std::size_t budget, EncodedFrame& frame) {
  Region left;
  std::size_t bytes = 0;
  for (const EncodedRect& rect : frame.rects) bytes += rect.data.size();
  for (const Piece& piece : pieces_of(picture, area, max_piece)) {
    if (bytes + worst_case(max_piece) > budget) {
      left.add(piece.rect);
      continue;
    }
    frame.rects.push_back(encode_piece(picture, piece));
    bytes += frame.rects.back().data.size();
    lossy_.subtract(piece.rect);
  }
  return left;
}

EncodedRect FrameEncoder::Impl::encode_piece(const FrameView& picture, const Piece& piece) {
  EncodedRect out;
  out.rect = piece.rect;
  if (piece.kind == Kind::kSolid) {
    out.codec = Codec::kSolid;
    out.data.resize(sizeof piece.background);
    std::memcpy(out.data.data(), &piece.background, sizeof piece.background);
    return out;
  }
  RectEncoder& encoder = encoder_for(piece.kind);
  out.codec = encoder.codec();
  encoder.encode(picture, piece.rect, out.data);
  return out;
}

RectEncoder& FrameEncoder::Impl::encoder_for(Kind kind) {
  if (codecs_.planar && (kind == Kind::kRich || !codecs_.clear)) return planar_;
  if (codecs_.clear) return shared_->clear;
  return uncompressed_;
}

EncodedFrame FrameEncoder::Impl::refine(const FrameView& picture, Time now) {
  EncodedFrame frame;
  if (!owed_.empty()) {
    owed_ = encode_exact(picture, owed_, kRefinePiece, kRefineByteBudget, frame);
  } else {
    encode_exact(picture, lossy_.untouched_since(now - kRest), kRefinePiece, kRefineByteBudget, frame);
  }
  return frame;
}

std::optional<FrameEncoder::Time> FrameEncoder::Impl::next_refinement() const {
  if (!owed_.empty()) return Time::min();
  const auto oldest = lossy_.oldest();
  return oldest ? std::optional(*oldest + kRest) : std::nullopt;
}

Region FrameEncoder::Impl::inexact() const {
  Region area = lossy_.area();
  area.add(owed_);
  return area;
}

bool FrameEncoder::Impl::trim(Time now) {
  if (video_ && now - last_video_ >= kVideoKept) video_.reset();
  return video_ != nullptr;
}

FrameEncoder::FrameEncoder(Size size, ClientCodecs codecs, std::shared_ptr<ConnectionEncoders> shared)
    : impl_(std::make_unique<Impl>(size, codecs, std::move(shared))) {}
FrameEncoder::~FrameEncoder() = default;

void FrameEncoder::reset(Size size, ClientCodecs codecs) { impl_ = std::make_unique<Impl>(size, codecs, nullptr); }
void FrameEncoder::resize(Size size) { impl_->resize(size); }

EncodedFrame FrameEncoder::encode(const FrameView& picture, const Region& changed, Time now) {
  return impl_->encode(picture, changed, now);
}

EncodedFrame FrameEncoder::refine(const FrameView& picture, Time now) { return impl_->refine(picture, now); }

std::optional<FrameEncoder::Time> FrameEncoder::next_refinement() const { return impl_->next_refinement(); }

Region FrameEncoder::inexact() const { return impl_->inexact(); }

bool FrameEncoder::trim(Time now) { return impl_->trim(now); }

}  // namespace tobari::display
