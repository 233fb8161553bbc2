// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/painter.h"

#include <utility>
#include <vector>

namespace tobari::display {

Painter::Painter(Size size) { diff_.reset(size); }

bool Painter::begin_client(const ClientCodecs& codecs, std::shared_ptr<ConnectionEncoders> shared,
                           std::shared_ptr<const ScreenMark> mark) {
  encoder_.emplace(diff_.size(), codecs, std::move(shared));
  again_ = Region(bounds(diff_.size()));
  if (mark == diff_.mark()) return true;
  diff_.reset(diff_.size(), std::move(mark));
  return false;
}

Rect Painter::searched(const Region& damage) const {
  // What the client lost is told in places, and places move.
  const bool moves = encoder_ && encoder_->copies() && (!diff_.mark() || !diff_.mark()->covers_everything());
  return moves && again_.empty() ? TileDiff::searchable(damage) : Rect{};
}

EncodedFrame Painter::paint(const FrameView& live, const Region& damage, Time now, std::size_t budget) {
  const std::vector<Move> moves = diff_.follow_moves(live, searched(damage));
  return encode(diff_.update(live, damage), now, budget, moves);
}

EncodedFrame Painter::encode(Region changed, Time now, std::size_t budget, std::span<const Move> moves) {
  if (!encoder_) return {};
  Region again = std::exchange(again_, {});
  again.clip(bounds(diff_.size()));
  changed.add(again);
  if (changed.empty() && moves.empty()) return {};
  return encoder_->encode(diff_.picture(), changed, now, budget, moves);
}

EncodedFrame Painter::refine(Time now, std::size_t budget) {
  return encoder_ ? encoder_->refine(diff_.picture(), now, budget) : EncodedFrame{};
}

std::optional<Painter::Time> Painter::next_refinement() const {
  return encoder_ ? encoder_->next_refinement() : std::nullopt;
}

}  // namespace tobari::display
