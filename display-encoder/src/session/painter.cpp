// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/painter.h"

#include <utility>
#include <vector>

namespace tobari::display {

Painter::Painter(Size size) { diff_.reset(size); }

void Painter::begin_client(const ClientCodecs& codecs, std::shared_ptr<ConnectionEncoders> shared) {
  encoder_.emplace(diff_.size(), codecs, std::move(shared));
  again_ = Region(bounds(diff_.size()));
}

Rect Painter::searched(const Region& damage) const {
  // What the client lost is told in places, and places move.
  return encoder_ && encoder_->copies() && again_.empty() ? TileDiff::searchable(damage) : Rect{};
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
