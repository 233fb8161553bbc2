// SPDX-License-Identifier: GPL-3.0-or-later
// Plays a recording: pictures at any time, found from the nearest place to begin. Not thread safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tobari/base/result.h>
#include <tobari/recording/recording.h>

#include "playback/gfx_screen.h"

namespace tobari::display::playback {

class Player {
 public:
  // `recording` is unlocked and outlives it.
  explicit Player(const recording::Recording& recording, long max_pixels = GfxScreen::kMaxPixels)
      : recording_(recording), screen_(max_pixels) {}

  // Shows what was shown at this time. kPeerProtocol: the recording is damaged there.
  [[nodiscard]] Result<void> seek(std::uint64_t time_us);
  // Goes on: everything up to this time is carried out.
  [[nodiscard]] Result<void> play_until(std::uint64_t time_us);
  // When something happens next; none: nothing more does.
  [[nodiscard]] Result<std::optional<std::uint64_t>> next_us();

  // Changes whenever the picture may have changed.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
  [[nodiscard]] Size size() const noexcept { return screen_.size(); }
  void picture(Canvas& onto, bool pointer) const;

  // How much was read to get here: the price of the last seek.
  [[nodiscard]] std::uint64_t chunks_read() const noexcept { return chunks_read_; }

 private:
  [[nodiscard]] Result<bool> load();  // an event that is due next; false: there is none
  [[nodiscard]] Result<void> carry_out(const recording::Event& event);

  const recording::Recording& recording_;
  GfxScreen screen_;
  std::optional<CursorShape> pointer_;
  Point pointer_place_{};
  bool pointer_visible_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t chunks_read_ = 0;
  std::uint64_t next_chunk_ = recording::Recording::first();
  recording::Bytes events_;
  recording::Events left_{{}};
  std::optional<recording::Event> next_;  // in events_
  bool starts_anew_ = false;              // with that event
};

// The largest desktop between two times: what a film of it must hold. kPeerProtocol: damaged.
[[nodiscard]] Result<Size> largest_desktop(const recording::Recording& recording, std::uint64_t from_us,
                                           std::uint64_t to_us);

}  // namespace tobari::display::playback
