// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/painter.h"

#include <utility>

namespace tobari::display {

Painter::Painter(Size size) { diff_.reset(size); }

void Painter::begin_client(const ClientCodecs& codecs, std::shared_ptr<ConnectionEncoders> shared) {
  encoder_.emplace(diff_.size(), codecs, std::move(shared));
  again_ = Region(bounds(diff_.size()));
}

EncodedFrame Painter::paint(const FrameView& live, const Region& damage, Time now, std::size_t budget) {
  return encode(diff_.update(live, damage), now, budget);
}

EncodedFrame Painter::encode(Region changed, Time now, std::size_t budget) {
  if (!encoder_) return {};
  Region again = std::exchange(again_, {});
  again.clip(bounds(diff_.size()));
  changed.add(again);
  if (changed.empty()) return {};
  return encoder_->encode(diff_.picture(), changed, now, budget);
}

EncodedFrame Painter::refine(Time now, std::size_t budget) {
  return encoder_ ? encoder_->refine(diff_.picture(), now, budget) : EncodedFrame{};
}

std::optional<Painter::Time> Painter::next_refinement() const {
  return encoder_ ? encoder_->next_refinement() : std::nullopt;
}

}  // namespace tobari::display
