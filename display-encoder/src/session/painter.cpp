// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/painter.h"

#include <utility>

namespace tobari::display {

void Painter::resize(Size size) {
  diff_.reset(size);
  encoder_.reset();
  again_.clear();
}

void Painter::begin_client(const ClientCodecs& codecs) {
  encoder_.emplace(diff_.size(), codecs);
  again_ = Region(bounds(diff_.size()));
}

Result<EncodedFrame> Painter::paint(FramebufferSource* source, Region damage, Time now) {
  const Rect whole = bounds(diff_.size());
  Region changed;
  damage.clip(whole);
  if (source != nullptr && !damage.empty()) {
    TOBARI_ASSIGN(const FrameView live, source->acquire(damage));
    // The surface may just have been replaced; on_surface() is on its way and everything will be painted again.
    if (live.size != diff_.size()) return EncodedFrame{};
    changed = diff_.update(live, damage);
  }
  if (!encoder_) return EncodedFrame{};
  Region again = std::exchange(again_, {});
  again.clip(whole);
  changed.add(again);
  if (changed.empty()) return EncodedFrame{};
  return encoder_->encode(diff_.picture(), changed, now);
}

EncodedFrame Painter::refine(Time now) { return encoder_ ? encoder_->refine(diff_.picture(), now) : EncodedFrame{}; }

std::optional<Painter::Time> Painter::next_refinement() const {
  return encoder_ ? encoder_->next_refinement() : std::nullopt;
}

}  // namespace tobari::display
