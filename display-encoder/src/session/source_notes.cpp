// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/source_notes.h"

namespace tobari::display {

void DisplaySession::SourceNotes::on_surface(Size size) {
  if (!size.valid()) return;
  const std::scoped_lock lock(session_.mutex_);
  session_.new_surface_ = size;
  session_.surface_ = size;
  session_.damage_ = Region(bounds(size));
  session_.wake();
}

void DisplaySession::SourceNotes::on_damage(std::span<const Rect> rects) {
  const std::scoped_lock lock(session_.mutex_);
  for (const Rect& rect : rects) session_.damage_.add(rect);
  if (session_.active_) session_.wake();  // nobody looks: nothing is done with it, so nobody wakes
}

void DisplaySession::SourceNotes::on_cursor_shape(const CursorShape& shape) {
  const std::scoped_lock lock(session_.mutex_);
  session_.cursor_ = shape;
  session_.cursor_changed_ = true;
  session_.wake();
}

void DisplaySession::SourceNotes::on_cursor_visible(bool visible) {
  const std::scoped_lock lock(session_.mutex_);
  session_.cursor_visible_ = visible;
  session_.visibility_changed_ = true;
  session_.wake();
}

void DisplaySession::SourceNotes::on_lost(const Error& reason) {
  const std::scoped_lock lock(session_.mutex_);
  session_.lost_ = reason;
  session_.wake();
}

}  // namespace tobari::display
