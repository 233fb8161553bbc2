// SPDX-License-Identifier: GPL-3.0-or-later
// The warning over the pictures, as time goes on.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "session/connection.h"
#include "session/view.h"
#include "session/warning.h"

namespace tobari::display {

void DisplaySession::warn(std::string text, Time until) {
  const std::scoped_lock lock(mutex_);
  warning_ = std::move(text);
  warning_until_ = until;
  warning_due_.reset();
  wake();
}

void DisplaySession::apply_warning() {
  const Time now = SystemClock().now();
  if (warning_due_ && now >= *warning_due_) warning_due_.reset();
  std::string text;
  if (!warning_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(warning_until_ - now);
    text = warning_ + " " + countdown(left);
    const auto holds = countdown_holds(left);
    if (holds.count() > 0) warning_due_ = now + holds;
  }
  for (const auto& view : views_) {
    if (view->screen == nullptr || view->warning == text) continue;
    const int before = view->banner ? view->banner->size().height : 0;
    view->warning = text;
    view->banner.reset();
    if (!text.empty()) view->banner = draw_warning(view->painter.size(), text);
    const int after = view->banner ? view->banner->size().height : 0;
    if (view->screen->damage.empty()) view->screen->damaged_since = now;
    view->screen->damage.add({0, 0, view->painter.size().width, std::max(before, after)});
  }
}

// The picture with the banner on it, in memory of the view's own: a whole copy a frame, while the warning stands.
FrameView DisplaySession::View::with_banner(const FrameView& picture) {
  if (!banner) return picture;
  const std::size_t stride = static_cast<std::size_t>(picture.size.width) * kBytesPerPixel;
  bannered.resize(stride * static_cast<std::size_t>(picture.size.height));
  const auto row_at = [this, stride](int y) { return bannered.data() + static_cast<std::size_t>(y) * stride; };
  const FrameView strip = banner->view();
  for (int y = 0; y < picture.size.height; ++y) {
    const bool covered = y < strip.size.height && strip.size.width == picture.size.width;
    std::memcpy(row_at(y), covered ? strip.row(y) : picture.row(y), stride);
  }
  return {bannered.data(), picture.size, stride};
}

}  // namespace tobari::display
