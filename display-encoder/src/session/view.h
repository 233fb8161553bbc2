// SPDX-License-Identifier: GPL-3.0-or-later
// What one surface of the client shows: a screen's picture, or a notice in its place. The encode thread's own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "drawing/canvas.h"
#include "session/painter.h"
#include "session/screen.h"

namespace tobari::display {

struct DisplaySession::View {
  View(std::size_t number, Screen* of, const Rect& at)
      : index(number), screen(of), place(at), painter({at.width, at.height}) {}

  [[nodiscard]] bool live() const noexcept { return screen != nullptr && screen->source != nullptr && notice.empty(); }

  [[nodiscard]] bool damaged() const noexcept { return live() && !screen->damage.empty(); }
  // There is something that the client has not seen; otherwise only its quality may be owed.
  [[nodiscard]] bool changed() const noexcept { return damaged() || notice_due || !painter.pending().empty(); }
  // When it is this view's turn, as turns.h says; none: it has nothing for now.
  [[nodiscard]] std::optional<Time> turn(Time now) const;
  [[nodiscard]] FrameView with_banner(const FrameView& picture);  // warnings.cpp
  [[nodiscard]] bool waits(Time now) const noexcept { return not_before && now < *not_before; }

  std::size_t index;  // of the surface
  Screen* screen;     // null: no desktop for this monitor
  Rect place;         // on the desktop
  Painter painter;
  std::vector<std::byte> padded;    // the picture of a screen that is smaller than its place
  Size surface;                     // of the screen; the picture is cut off where it is larger than the place
  std::string notice;               // shown instead; empty: the screen is
  std::string warning;              // that stands over it, with its time
  std::optional<Canvas> banner;     // the same drawn
  std::vector<std::byte> bannered;  // the picture with it
  bool begun = false;
  bool notice_due = false;         // it is to be painted
  Time lost_since{};               // since when the client has been without something that it is to be sent again
  Time refined_at{};               // the last turn at that
  std::optional<Time> not_before;  // after a step that came to nothing, so that it is not tried in a busy loop
};

}  // namespace tobari::display
