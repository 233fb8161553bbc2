// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/screen.h"

#include <utility>

namespace tobari::display {

void DisplaySession::Screen::on_surface(Size size) {
  if (!size.valid()) return;
  const std::scoped_lock lock(session_.mutex_);
  surface = size;
  resurfaced = true;
  ended = false;
  session_.layout_changed_ = true;
  session_.wake();
}

void DisplaySession::Screen::on_damage(std::span<const Rect> rects) {
  const std::scoped_lock lock(session_.mutex_);
  if (damage.empty()) damaged_since = SystemClock().now();
  for (const Rect& rect : rects) damage.add(rect);
  if (!answers) answers = input_.take_unanswered();
  if (shown && session_.active_) session_.wake();  // nobody looks: nothing is done with it, so nobody wakes
}

void DisplaySession::Screen::on_cursor_shape(const CursorShape& shape) {
  const std::scoped_lock lock(session_.mutex_);
  cursor = shape;
  if (!std::exchange(session_.cursor_changed_, true)) session_.wake();  // one that waits wakes nobody again
}

void DisplaySession::Screen::on_cursor_visible(bool visible) {
  const std::scoped_lock lock(session_.mutex_);
  cursor_visible = visible;
  if (!std::exchange(session_.cursor_changed_, true)) session_.wake();
}

void DisplaySession::Screen::on_lost(const Error& reason) {
  const std::scoped_lock lock(session_.mutex_);
  lost = reason;
  session_.wake();
}

std::string_view DisplaySession::Screen::notice() const noexcept {
  if (ended) return "THIS DESKTOP HAS ENDED";
  return surface.valid() ? std::string_view{} : "WAITING FOR THIS DESKTOP";
}

}  // namespace tobari::display
