// SPDX-License-Identifier: GPL-3.0-or-later
// From damage to encoded frames, for one surface of the client: keeps the picture as the client has it and encodes the
// difference. Used by the encode thread only.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <tobari/display/display_transport.h>

#include "diff/tile_diff.h"
#include "encode/connection_encoders.h"
#include "encode/frame_encoder.h"

namespace tobari::display {

class Painter {
 public:
  using Time = FrameEncoder::Time;

  explicit Painter(Size size);  // valid()

  // A client with these codecs sees nothing yet; the next paint() sends everything. `mark`: what lies on its picture;
  // null: nothing. False: it is not what lay on the picture before, so that nothing is known of it any more, and all of
  // it must be painted.
  [[nodiscard]] bool begin_client(const ClientCodecs& codecs, std::shared_ptr<ConnectionEncoders> shared,
                                  std::shared_ptr<const ScreenMark> mark = nullptr);
  void end_client() { encoder_.reset(); }
  // As FrameEncoder::start_anew().
  void start_anew() {
    if (encoder_) encoder_->start_anew();
  }
  // As it is shown to the client, or is about to be.
  [[nodiscard]] FrameView picture() const noexcept { return diff_.picture(); }

  // Where moves will be sought if this is the damage: pixels must be current there too, and paint()'s damage hold it.
  [[nodiscard]] Rect searched(const Region& damage) const;
  // Everything inside `damage` that differs from what the client has, and what it lost; empty when nothing does. `live`
  // is of this painter's size.
  // `budget`: as FrameEncoder::encode().
  [[nodiscard]] EncodedFrame paint(const FrameView& live, const Region& damage, Time now, std::size_t budget);
  // Only what the client lost: the picture stays what it was.
  [[nodiscard]] EncodedFrame repaint(Time now, std::size_t budget) { return encode({}, now, budget); }
  // As FrameEncoder::set_line_rate().
  void set_line_rate(std::optional<std::size_t> bytes_per_second) {
    if (encoder_) encoder_->set_line_rate(bytes_per_second);
  }
  // What is owed: areas sent with loss and at rest now, or left over.
  [[nodiscard]] EncodedFrame refine(Time now, std::size_t budget);
  [[nodiscard]] std::optional<Time> next_refinement() const;
  [[nodiscard]] bool trim(Time now) { return encoder_ && encoder_->trim(now); }

  // The client wants this part again: it lost it.
  void forget(const Region& lost) { again_.add(lost); }
  [[nodiscard]] const Region& pending() const noexcept { return again_; }
  [[nodiscard]] Size size() const noexcept { return diff_.size(); }

 private:
  [[nodiscard]] EncodedFrame encode(Region changed, Time now, std::size_t budget, std::span<const Move> moves = {});

  TileDiff diff_;
  std::optional<FrameEncoder> encoder_;
  Region again_;  // to be encoded whether it changed or not
};

}  // namespace tobari::display
