// SPDX-License-Identifier: GPL-3.0-or-later
// What a source tells a DisplaySession: noted, never worked on, because a VM may be waiting for the source's thread.
#pragma once

#include "session/display_session.h"

namespace tobari::display {

class DisplaySession::SourceNotes final : public SourceEvents {
 public:
  explicit SourceNotes(DisplaySession& session) noexcept : session_(session) {}

  void on_surface(Size size) override;
  void on_damage(std::span<const Rect> rects) override;
  void on_cursor_shape(const CursorShape& shape) override;
  void on_cursor_visible(bool visible) override;
  void on_lost(const Error& reason) override;

 private:
  DisplaySession& session_;
};

}  // namespace tobari::display
