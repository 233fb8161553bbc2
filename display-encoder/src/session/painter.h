// SPDX-License-Identifier: GPL-3.0-or-later
// From damage to encoded frames: takes pixels from the source, keeps the picture as the client has it, encodes the
// difference. Used by the encode thread only.
#pragma once

#include <optional>

#include <tobari/display/display_transport.h>
#include <tobari/display/framebuffer_source.h>

#include "diff/tile_diff.h"
#include "encode/frame_encoder.h"

namespace tobari::display {

class Painter {
 public:
  using Time = FrameEncoder::Time;

  // The desktop has this size now; what was known of its pixels is void.
  void resize(Size size);
  // A client with these codecs sees nothing yet; the next paint() sends everything.
  void begin_client(const ClientCodecs& codecs);
  void end_client() { encoder_.reset(); }

  // Everything inside `damage` that differs from what the client has; empty when nothing does. Without a source the
  // desktop is frozen: the picture stays what it was. Fails as acquire() does, and is then to be called again.
  [[nodiscard]] Result<EncodedFrame> paint(FramebufferSource* source, Region damage, Time now);
  // What is owed: areas sent with loss and at rest now, or left over.
  [[nodiscard]] EncodedFrame refine(Time now);
  [[nodiscard]] std::optional<Time> next_refinement() const;
  [[nodiscard]] bool trim(Time now) { return encoder_ && encoder_->trim(now); }

  // The client wants this part again: it lost it.
  void forget(const Region& lost) { again_.add(lost); }
  [[nodiscard]] bool pending() const noexcept { return !again_.empty(); }
  [[nodiscard]] Size size() const noexcept { return diff_.size(); }

 private:
  TileDiff diff_;
  std::optional<FrameEncoder> encoder_;
  Region again_;  // to be encoded whether it changed or not
};

}  // namespace tobari::display
