// SPDX-License-Identifier: GPL-3.0-or-later
// The encode thread's pictures: which screen's turn it is, and what is sent of it.
#include <algorithm>
#include <utility>

#include "session/connection.h"
#include "session/notice.h"
#include "session/turns.h"
#include "session/unlock.h"
#include "session/view.h"

namespace tobari::display {
namespace {

constexpr std::chrono::milliseconds kRetry{20};  // after pixels could not be had, or nothing came of a step
constexpr std::chrono::seconds kTrimPeriod{2};   // how often an unused video encoder is looked for

std::size_t data_bytes(const EncodedFrame& frame) noexcept {
  std::size_t bytes = 0;
  for (const EncodedRect& rect : frame.rects) bytes += rect.data.size();
  return bytes;
}

}  // namespace

bool DisplaySession::show_something(Lock& lock) {
  pace_again_.reset();
  if (!shown_ || shown_is_new_ || !output_wanted_) return false;
  const Time now = SystemClock().now();
  const Pacer::Decision decision = pacer_.decide(now, shown_->transport().unsent());
  pacer_allows_ = decision.go;
  if (!decision.go) {
    pace_again_ = decision.again;
    return false;
  }
  if (View* const view = most_urgent(now)) return paint(lock, *view, now);
  trim(now);
  return refine(lock, now);
}

DisplaySession::View* DisplaySession::most_urgent(Time now) {
  View* best = nullptr;
  Time earliest{};
  for (const auto& view : views_) {
    if (view->not_before && now < *view->not_before) continue;
    view->not_before.reset();
    const bool damaged = view->live() && !view->screen->damage.empty();
    if (!damaged && !view->notice_due && view->painter.pending().empty()) continue;
    const Time due = damaged ? turn_of(view->screen->damaged_since, view->screen->damage.area())
                             : turn_of(now, view->painter.pending().area());
    if (best != nullptr && due >= earliest) continue;
    best = view.get();
    earliest = due;
  }
  return best;
}

bool DisplaySession::paint(Lock& lock, View& view, Time now) {
  EncodedFrame frame;
  const bool notice = std::exchange(view.notice_due, false);
  if (notice) {
    const Unlock unlocked(lock);
    frame = view.painter.paint(draw_notice(view.painter.size(), view.notice).view(),
                               Region(bounds(view.painter.size())), now);
  } else if (view.live() && !view.screen->damage.empty()) {
    Region damage = std::exchange(view.screen->damage, {});
    const Region all = damage;
    damage.clip(bounds(view.painter.size()));
    Result<FrameView> pixels;
    {
      const Unlock unlocked(lock);
      pixels = view.screen->source->acquire(damage);
      // The surface may just have been replaced; on_surface() is on its way and everything will be painted again.
      if (pixels && pixels->size == view.surface) {
        frame = view.painter.paint({pixels->pixels, view.painter.size(), pixels->stride}, damage, now);
      }
    }
    if (!pixels) {  // not at the moment: the damage stays, and a lost source says so by itself
      view.screen->damage.add(all);
      view.not_before = now + kRetry;
      return false;
    }
  } else {
    const Unlock unlocked(lock);
    frame = view.painter.repaint(now);
  }
  send(lock, view, std::move(frame), now);
  return true;
}

bool DisplaySession::refine(Lock& lock, Time now) {
  const auto due = [](const auto& view) {
    return view->not_before ? Time::max() : view->painter.next_refinement().value_or(Time::max());
  };
  const auto next = std::ranges::min_element(views_, {}, due);
  if (next == views_.end() || due(*next) > now) return false;
  View& view = **next;
  EncodedFrame frame;
  {
    const Unlock unlocked(lock);
    frame = view.painter.refine(now);
  }
  const bool sent = !frame.empty();
  if (!sent) view.not_before = now + kRetry;
  send(lock, view, std::move(frame), now);
  return sent;
}

void DisplaySession::trim(Time now) {
  if (!trim_at_ || now < *trim_at_) return;
  bool again = false;
  for (const auto& view : views_) again = view->painter.trim(now) || again;
  trim_at_ = again ? std::optional(now + kTrimPeriod) : std::nullopt;
}

void DisplaySession::send(Lock& lock, const View& view, EncodedFrame frame, Time now) {
  if (frame.empty()) return;
  if (!trim_at_) trim_at_ = now + kTrimPeriod;
  const FrameId id = next_frame_++;
  pacer_.sent(id, data_bytes(frame), now);
  const auto client = shown_;
  const Unlock unlocked(lock);
  client->transport().send(id, view.index, std::move(frame));
}

}  // namespace tobari::display
