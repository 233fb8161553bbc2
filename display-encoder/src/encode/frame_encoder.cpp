// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/frame_encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "encode/connection_encoders.h"
#include "encode/copy_commands.h"
#include "encode/loss_rule.h"
#include "encode/lossy_area.h"
#include "encode/motion_map.h"
#include "encode/piece_map.h"
#include "encode/planar_encoder.h"
#include "encode/progressive_encoder.h"
#include "encode/tile_commands.h"
#include "encode/uncompressed_encoder.h"
#include "encode/video_areas.h"
#include "encode/video_stream.h"

namespace tobari::display {

namespace {

// Pixels in one command, and the most bytes that an encoder makes of one: what is left of a budget must hold one more.
constexpr long kFramePiece = 256L * 1024;
constexpr long kRefinePiece = 16L * 1024;
constexpr int kStripHeight = 64;  // a row of tiles
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

[[nodiscard]] Region common(const Region& a, const Region& b) {
  Region both;
  for (const Rect& rect : a.rects()) {
    for (const Rect& other : b.rects()) both.add(intersect(rect, other));
  }
  return both;
}

void subtract(Region& from, const Region& what) {
  for (const Rect& rect : what.rects()) from.subtract(rect);
}

// On a line that carries much, larger slices: each one costs the client a turn as well.
std::size_t refinement_budget(std::size_t budget) {
  return std::min(budget, std::clamp(budget / 4, FrameEncoder::kRefineByteBudget, FrameEncoder::kLargestRefinement));
}

}  // namespace

class FrameEncoder::Impl {
 public:
  Impl(Size size, ClientCodecs codecs, std::shared_ptr<ConnectionEncoders> shared)
      : codecs_(codecs),
        shared_(shared ? std::move(shared) : std::make_shared<ConnectionEncoders>(codecs)),
        tiles_(shared_->tiles) {
    resize(size);
  }

  void resize(Size size);
  EncodedFrame encode(const FrameView& picture, const Region& changed, Time now, std::size_t budget,
                      std::span<const Move> moves);
  EncodedFrame refine(const FrameView& picture, Time now, std::size_t budget);
  [[nodiscard]] std::optional<Time> next_refinement() const;
  [[nodiscard]] Region inexact() const;
  bool trim(Time now) { return video_.trim(now); }
  void start_anew() { video_.start_anew(); }
  void set_line_rate(std::optional<std::size_t> bytes_per_second);
  [[nodiscard]] bool copies() const noexcept { return codecs_.copy; }

 private:
  void follow(std::span<const Move> moves, Time now, EncodedFrame& frame);
  [[nodiscard]] Region recall(const FrameView& picture, Region area, Time now, EncodedFrame& frame);
  [[nodiscard]] bool has_avc() const noexcept { return codecs_.avc420 && video_.possible(); }
  Region encode_video(const FrameView& picture, const Region& area, const Rect& playing, Time now, EncodedFrame& frame);
  Region encode_photograph(const FrameView& picture, const Region& area, ProgressiveEncoder::Quality quality, Time now,
                           Budget budget, EncodedFrame& frame);
  Region encode_still(const FrameView& picture, const Region& area, Time now, long max_piece, Budget budget,
                      EncodedFrame& frame);
  Region encode_exact(const FrameView& picture, const std::vector<Piece>& pieces, long max_piece, Budget budget,
                      EncodedFrame& frame);
  Region encode_round(const FrameView& picture, Region area, const Region& playing, Time now, long max_piece,
                      Budget budget, EncodedFrame& frame);
  void encode_owed(const FrameView& picture, const Region& playing, Time now, long max_piece, Budget budget,
                   EncodedFrame& frame);
  void encode_rested(const FrameView& picture, Time now, long max_piece, Budget budget, EncodedFrame& frame);
  [[nodiscard]] bool owes() const noexcept { return !owed_.empty() || !later_.empty(); }
  EncodedRect encode_piece(const FrameView& picture, const Piece& piece);
  [[nodiscard]] RectEncoder& encoder_for(Kind kind);

  Size size_;
  ClientCodecs codecs_;
  std::shared_ptr<ConnectionEncoders> shared_;
  PlanarEncoder planar_;
  bool narrow_ = false;  // the line, as far as it is known
  UncompressedEncoder uncompressed_;
  ProgressiveEncoder progressive_;
  MotionMap motion_;
  VideoAreas areas_;
  LossRule rule_;
  TileCommands tiles_;

  VideoStream video_;

  // Not sent: over the budget.
  Region owed_;   // goes next
  Region later_;  // changed since, and goes when all of owed_ has gone
  LossyArea lossy_;
};

void FrameEncoder::Impl::resize(Size size) {
  size_ = size;
  motion_.reset(size);
  areas_.reset(size);
  video_.reset(size);
  tiles_.reset(size);
  owed_.clear();
  later_.clear();
  lossy_.reset(size);
}

EncodedFrame FrameEncoder::Impl::encode(const FrameView& picture, const Region& changed, Time now, std::size_t budget,
                                        std::span<const Move> moves) {
  EncodedFrame frame;
  follow(moves, now, frame);
  Region fresh = changed;
  fresh.clip(bounds(size_));
  motion_.note(fresh, now);
  areas_.look(motion_, picture);
  const Region playing = has_avc() || codecs_.progressive ? areas_.find(motion_, now) : Region{};
  Region moving = common(fresh, playing);
  subtract(fresh, moving);
  if (has_avc()) {
    for (Region* rest : {&owed_, &later_}) {
      moving.add(common(*rest, playing));
      subtract(*rest, playing);
    }
  }

  const Budget limit{budget, kFrameByteBudget};
  const long piece = limit.piece(kFramePiece);
  const bool prompt = fresh.area() <= kPromptArea;
  if (prompt) {
    subtract(owed_, fresh);
    subtract(later_, fresh);
    owed_.add(encode_still(picture, fresh, now, piece, limit, frame));
  }
  if (has_avc()) moving = encode_video(picture, moving, playing.bounding_box(), now, frame);
  if (!prompt) moving.add(fresh);
  subtract(moving, owed_);
  later_.add(moving);
  encode_owed(picture, playing, now, piece, limit, frame);
  tiles_.store(inexact(), frame);
  return frame;
}

// Before anything else of the frame: the client copies what it was shown last.
void FrameEncoder::Impl::follow(std::span<const Move> moves, Time now, EncodedFrame& frame) {
  for (const Move& move : moves) {
    frame.rects.push_back(copy_command(move));
    carry_along(owed_, move);
    carry_along(later_, move);
    lossy_.move(move, now);
  }
}

// What the client has in its cache comes from there; returns the rest.
Region FrameEncoder::Impl::recall(const FrameView& picture, Region area, Time now, EncodedFrame& frame) {
  const Region recalled = tiles_.recall(picture, area, motion_, now, frame);
  for (const Rect& tile : recalled.rects()) {
    for (Region* inexact : {&owed_, &later_}) inexact->subtract(tile);
    lossy_.subtract(tile);
  }
  return area;
}

// All of owed_ goes before any of later_, or a picture that always changes would only ever show its beginning.
void FrameEncoder::Impl::encode_owed(const FrameView& picture, const Region& playing, Time now, long max_piece,
                                     Budget budget, EncodedFrame& frame) {
  owed_ = encode_round(picture, std::move(owed_), playing, now, max_piece, budget, frame);
  if (!owed_.empty() || later_.empty()) return;
  owed_ = encode_round(picture, std::exchange(later_, {}), playing, now, max_piece, budget, frame);
}

// This and the ones below return what is left to be sent.
Region FrameEncoder::Impl::encode_round(const FrameView& picture, Region area, const Region& playing, Time now,
                                        long max_piece, Budget budget, EncodedFrame& frame) {
  const Region moving = codecs_.progressive ? common(area, playing) : Region{};
  subtract(area, moving);
  Region left = encode_photograph(picture, moving, rule_.moving(moving.area()), now, budget, frame);
  left.add(encode_still(picture, area, now, max_piece, budget, frame));
  return left;
}

Region FrameEncoder::Impl::encode_video(const FrameView& picture, const Region& area, const Rect& playing, Time now,
                                        EncodedFrame& frame) {
  if (area.empty()) return {};
  const auto sent = video_.encode(picture, area, playing, now, frame);
  if (!sent) {
    log::error("video_encode", {{"error", describe(sent.error())}});
    return area;
  }
  lossy_.add(*sent, now);
  return {};
}

Region FrameEncoder::Impl::encode_photograph(const FrameView& picture, const Region& area,
                                             ProgressiveEncoder::Quality quality, Time now, Budget budget,
                                             EncodedFrame& frame) {
  const std::size_t used = data_bytes(frame);
  const std::size_t most = std::min(budget.wanted, budget.most);
  if (area.empty() || used >= most) return area;
  EncodedRect command = progressive_.encode(picture, area, quality, most - used);
  if (command.data.empty()) return area;
  Region sent;
  for (const Rect& rect : command.regions) sent.add(rect);
  frame.rects.push_back(std::move(command));
  lossy_.add(sent, now);
  Region left = area;
  subtract(left, sent);
  return left;
}

// What was not sent yet: without loss, but photographs first with loss where the line is narrow.
Region FrameEncoder::Impl::encode_still(const FrameView& picture, const Region& area, Time now, long max_piece,
                                        Budget budget, EncodedFrame& frame) {
  std::vector<Piece> pieces = pieces_of(picture, recall(picture, area, now, frame), max_piece);
  long pixels = 0;
  for (const Piece& piece : pieces) pixels += piece.kind == Kind::kRich ? piece.rect.area() : 0;
  const auto quality = codecs_.progressive ? rule_.at_rest(pixels) : std::nullopt;
  if (!quality) return encode_exact(picture, pieces, max_piece, budget, frame);
  Region photographs;
  for (const Piece& piece : pieces) {
    if (piece.kind == Kind::kRich) photographs.add(piece.rect);
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.kind == Kind::kRich; });
  for (const Piece& piece : pieces) photographs.subtract(piece.rect);  // very many of them make the region coarse
  Region left = encode_exact(picture, pieces, max_piece, budget, frame);
  left.add(encode_photograph(picture, photographs, *quality, now, budget, frame));
  return left;
}

Region FrameEncoder::Impl::encode_exact(const FrameView& picture, const std::vector<Piece>& pieces, long max_piece,
                                        Budget budget, EncodedFrame& frame) {
  Region left;
  std::size_t bytes = data_bytes(frame);
  for (const Piece& piece : pieces) {
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
  const std::size_t wanted = refinement_budget(budget);
  const Budget limit{wanted, std::max(wanted, kRefineByteBudget)};
  const long piece = limit.piece(kRefinePiece);
  if (owes()) {
    encode_owed(picture, {}, now, piece, limit, frame);
  } else {
    frame.refines = true;
    planar_.allow_raw(!narrow_);
    encode_rested(picture, now, piece, limit, frame);
    planar_.allow_raw(false);
  }
  tiles_.store(inexact(), frame);
  return frame;
}

// Strip by strip, so that a slice costs what it sends and not what it leaves for the next ones.
void FrameEncoder::Impl::encode_rested(const FrameView& picture, Time now, long max_piece, Budget budget,
                                       EncodedFrame& frame) {
  const Region rested = lossy_.newest_rested(now);
  for (int y = 0; y < size_.height; y += kStripHeight) {
    Region strip;
    for (const Rect& rect : rested.rects()) strip.add(intersect(rect, {0, y, size_.width, kStripHeight}));
    if (strip.empty()) continue;
    const Region missing = recall(picture, std::move(strip), now, frame);
    const Region left = encode_exact(picture, pieces_of(picture, missing, max_piece), max_piece, budget, frame);
    if (!left.empty() || data_bytes(frame) >= budget.wanted) return;
  }
}

std::optional<FrameEncoder::Time> FrameEncoder::Impl::next_refinement() const {
  if (owes()) return Time::min();
  return lossy_.next_rest();
}

Region FrameEncoder::Impl::inexact() const {
  Region area = lossy_.area();
  area.add(owed_);
  area.add(later_);
  return area;
}

void FrameEncoder::Impl::set_line_rate(std::optional<std::size_t> bytes_per_second) {
  video_.set_line_rate(bytes_per_second);
  rule_.set_line_rate(bytes_per_second);
  narrow_ = bytes_per_second.value_or(kNarrowLine) < kNarrowLine;
}

FrameEncoder::FrameEncoder(Size size, ClientCodecs codecs, std::shared_ptr<ConnectionEncoders> shared)
    : impl_(std::make_unique<Impl>(size, codecs, std::move(shared))) {}
FrameEncoder::~FrameEncoder() = default;

void FrameEncoder::reset(Size size, ClientCodecs codecs) { impl_ = std::make_unique<Impl>(size, codecs, nullptr); }
void FrameEncoder::resize(Size size) { impl_->resize(size); }
void FrameEncoder::start_anew() { impl_->start_anew(); }

EncodedFrame FrameEncoder::encode(const FrameView& picture, const Region& changed, Time now, std::size_t budget,
                                  std::span<const Move> moves) {
  return impl_->encode(picture, changed, now, budget, moves);
}

bool FrameEncoder::copies() const noexcept { return impl_->copies(); }

EncodedFrame FrameEncoder::refine(const FrameView& picture, Time now, std::size_t budget) {
  return impl_->refine(picture, now, budget);
}

std::optional<FrameEncoder::Time> FrameEncoder::next_refinement() const { return impl_->next_refinement(); }

Region FrameEncoder::inexact() const { return impl_->inexact(); }

bool FrameEncoder::trim(Time now) { return impl_->trim(now); }

void FrameEncoder::set_line_rate(std::optional<std::size_t> bytes_per_second) {
  impl_->set_line_rate(bytes_per_second);
}

}  // namespace tobari::display
