// SPDX-License-Identifier: GPL-3.0-or-later
// One desktop of a DisplaySession, or one head of a machine: its source, one after the other, and what that has told.
// What a source tells is noted, never worked on, because a VM may be waiting for the source's thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "session/display_session.h"
#include "session/input_relay.h"

namespace tobari::display {

class DisplaySession::Screen final : public SourceEvents {
 public:
  explicit Screen(DisplaySession& session) noexcept : session_(session) {}

  // ---- SourceEvents, on the source's thread
  void on_surface(Size size) override;
  void on_damage(std::span<const Rect> rects) override;
  void on_cursor_shape(const CursorShape& shape) override;
  void on_cursor_visible(bool visible) override;
  void on_lost(const Error& reason) override;

  [[nodiscard]] InputRelay& input() noexcept { return input_; }

  // ---- with the session's lock
  // What to write in place of its picture; empty: it has one.
  [[nodiscard]] std::string_view notice() const noexcept;
  [[nodiscard]] ScreenInfo info() const noexcept { return {surface, spare}; }

  bool spare = false;
  bool wanted = false;  // a spare that has a monitor, or once had: before that it is not even started
  std::unique_ptr<FramebufferSource> next_source;
  std::optional<Error> lost;
  bool resurfaced = false;  // on_surface() since the layout was last looked at
  bool ended = false;       // its source was lost, and no other has shown anything since
  Size surface;             // as last announced, also by a former source; not valid: never
  Region damage;
  Time damaged_since{};         // while damage is not empty
  std::optional<Time> answers;  // the key or button that the first of it came after
  std::optional<CursorShape> cursor;
  bool cursor_visible = true;
  bool shown = false;  // a pane shows it

  // ---- the encode thread's own
  std::unique_ptr<FramebufferSource> source;
  std::optional<SourceMode> asked;  // of this source

 private:
  DisplaySession& session_;
  InputRelay input_;
};

}  // namespace tobari::display
