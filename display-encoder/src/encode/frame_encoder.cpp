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
constexpr long kSmallestPiece = 64L * 64;
constexpr std::size_t worst_case(long pixels) { return static_cast<std::size_t>(pixels) * 4 + 64; }

// How much one call may return: it ends with the piece that reaches `wanted`, and never holds more than `most`.
struct Budget {
  std::size_t wanted;
  std::size_t most;
  // Small pieces for a small budget, so that the last one does not go far beyond it.
  [[nodiscard]] long piece(long largest) const noexcept {
    return std::clamp(static_cast<long>(std::min<std::size_t>(wanted, most)), kSmallestPiece, largest);
  }
};

constexpr std::chrono::seconds kVideoKept{5};

void subtract(Region& from, const Region& what) {
  for (const Rect& rect : what.rects()) from.subtract(rect);
}

}  // namespace

class FrameEncoder::Impl {
 public:
  Impl(Size size, ClientCodecs codecs, std::shared_ptr<ConnectionEncoders> shared)
      : codecs_(codecs), shared_(shared ? std::move(shared) : std::make_shared<ConnectionEncoders>()) {
    resize(size);
  }

  void resize(Size size);
  EncodedFrame encode(const FrameView& picture, const Region& changed, Time now, std::size_t budget);
  EncodedFrame refine(const FrameView& picture, Time now, std::size_t budget);
  [[nodiscard]] std::optional<Time> next_refinement() const;
  [[nodiscard]] Region inexact() const;
  bool trim(Time now);

 private:
  [[nodiscard]] Region moving_part(const FrameView& picture, const Region& changed, Time now);
  [[nodiscard]] bool encode_video(const FrameView& picture, const Region& video, Time now, EncodedFrame& frame);
  Region encode_exact(const FrameView& picture, const Region& area, long max_piece, Budget budget, EncodedFrame& frame);
  void encode_owed(const FrameView& picture, long max_piece, Budget budget, EncodedFrame& frame);
  [[nodiscard]] bool owes() const noexcept { return !owed_.empty() || !later_.empty(); }
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

  // Not sent: over the budget.
  Region owed_;   // goes next
  Region later_;  // changed since, and goes when all of owed_ has gone
  LossyArea lossy_;
};

void FrameEncoder::Impl::resize(Size size) {
  size_ = size;
  motion_.reset(size);
  video_.reset();
  video_refused_ = false;
  owed_.clear();
  later_.clear();
  lossy_.reset(size);
}

EncodedFrame FrameEncoder::Impl::encode(const FrameView& picture, const Region& changed, Time now, std::size_t budget) {
  EncodedFrame frame;
  Region fresh = changed;
  fresh.clip(bounds(size_));
  motion_.note(fresh, now);
  Region video = moving_part(picture, fresh, now);
  video.add(moving_part(picture, owed_, now));
  video.add(moving_part(picture, later_, now));
  for (Region* rest : {&fresh, &owed_, &later_}) subtract(*rest, video);

  const Budget limit{budget, kFrameByteBudget};
  const long piece = limit.piece(kFramePiece);
  if (fresh.area() <= kPromptArea) {
    subtract(owed_, fresh);
    subtract(later_, fresh);
    owed_.add(encode_exact(picture, fresh, piece, limit, frame));
  } else {
    subtract(fresh, owed_);
    later_.add(fresh);
  }
  if (!video.empty() && !encode_video(picture, video, now, frame)) later_.add(video);
  encode_owed(picture, piece, limit, frame);
  return frame;
}

// All of owed_ goes before any of later_, or a picture that always changes would only ever show its beginning.
void FrameEncoder::Impl::encode_owed(const FrameView& picture, long max_piece, Budget budget, EncodedFrame& frame) {
  owed_ = encode_exact(picture, owed_, max_piece, budget, frame);
  if (!owed_.empty() || later_.empty()) return;
  owed_ = encode_exact(picture, std::exchange(later_, {}), max_piece, budget, frame);
}

Region FrameEncoder::Impl::moving_part(const FrameView& picture, const Region& changed, Time now) {
  Region video;
  if (!codecs_.avc420 || video_refused_ || changed.empty()) return video;
  for (const Rect& area : video_areas(motion_, picture, now)) {
    for (const Rect& rect : changed.rects()) video.add(intersect(rect, area));
  }
  return video;
}

// False: it is to be sent without loss.
bool FrameEncoder::Impl::encode_video(const FrameView& picture, const Region& area, Time now, EncodedFrame& frame) {
  if (!video_) {
    auto made = Avc420Encoder::create(size_);
    if (!made) {
      video_refused_ = true;
      log::warning("video_unavailable", {{"error", describe(made.error())}});
      return false;
    }
    video_ = std::move(*made);
  }
  const Region video = aligned_for_chroma(area, size_);
  auto encoded = video_->encode(picture, video);
  if (!encoded) {
    video_.reset();  // the client's decoder takes the next one's key frame; this time all goes without loss
    log::error("video_encode", {{"error", describe(encoded.error())}});
    return false;
  }
  frame.rects.push_back(std::move(*encoded));
  last_video_ = now;
  lossy_.add(video, now);
  return true;
}

// Returns what did not fit.
Region FrameEncoder::Impl::encode_exact(const FrameView& picture, const Region& area, long max_piece, Budget budget,
                                        EncodedFrame& frame) {
  Region left;
  std::size_t bytes = data_bytes(frame);
  for (const Piece& piece : pieces_of(picture, area, max_piece)) {
    if (bytes >= budget.wanted || bytes + worst_case(max_piece) > budget.most) {
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

EncodedFrame FrameEncoder::Impl::refine(const FrameView& picture, Time now, std::size_t budget) {
  EncodedFrame frame;
  const Budget limit{budget, kRefineByteBudget};
  const long piece = limit.piece(kRefinePiece);
  if (owes()) {
    encode_owed(picture, piece, limit, frame);
  } else {
    encode_exact(picture, lossy_.untouched_since(now - kRest), piece, limit, frame);
  }
  return frame;
}

std::optional<FrameEncoder::Time> FrameEncoder::Impl::next_refinement() const {
  if (owes()) return Time::min();
  const auto oldest = lossy_.oldest();
  return oldest ? std::optional(*oldest + kRest) : std::nullopt;
}

Region FrameEncoder::Impl::inexact() const {
  Region area = lossy_.area();
  area.add(owed_);
  area.add(later_);
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

EncodedFrame FrameEncoder::encode(const FrameView& picture, const Region& changed, Time now, std::size_t budget) {
  return impl_->encode(picture, changed, now, budget);
}

EncodedFrame FrameEncoder::refine(const FrameView& picture, Time now, std::size_t budget) {
  return impl_->refine(picture, now, budget);
}

std::optional<FrameEncoder::Time> FrameEncoder::next_refinement() const { return impl_->next_refinement(); }

Region FrameEncoder::inexact() const { return impl_->inexact(); }

bool FrameEncoder::trim(Time now) { return impl_->trim(now); }

}  // namespace tobari::display
