// SPDX-License-Identifier: GPL-3.0-or-later
// Who is shown, and what where: from the client's monitors and the screens' sizes to surfaces and views of them.
#include <algorithm>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "session/connection.h"
#include "session/unlock.h"
#include "session/view.h"

namespace tobari::display {

std::vector<ScreenInfo> DisplaySession::infos() const {
  std::vector<ScreenInfo> all;
  for (const auto& screen : screens_) all.push_back(screen->info());
  return all;
}

const MonitorLayout& DisplaySession::client_layout() const { return active_ ? active_->layout() : expected_layout_; }

void DisplaySession::apply_client(Lock& lock) {
  if (!std::exchange(active_changed_, false)) return;
  shown_ = active_ && active_->markable() ? active_ : nullptr;
  shown_is_new_ = true;
  tap_ = shown_ ? shown_->admitted().tap : nullptr;
  tap_is_new_ = true;
  layout_changed_ = audio_changed_ = clipboard_changed_ = true;
  trim_at_.reset();
  look_.reset();
  for (const auto& view : views_) {
    view->not_before.reset();
    view->painter.end_client();
  }
  encoders_.reset();
  if (!shown_) return give_back(lock);
  encoders_ = std::make_shared<ConnectionEncoders>(shown_->pipeline().codecs);
  pacer_.reset(shown_->pipeline().acknowledges);
  shown_since_ = SystemClock().now();
}

// Whatever peers do, surfaces are made and sources are asked only so often; the newest state counts.
void DisplaySession::apply_layout(Lock& lock) {
  if (!layout_changed_) return;
  refresh_views();
  layout_due_ = layout_limit_.take(SystemClock().now());
  if (layout_due_) return;
  layout_changed_ = false;
  ask_sources(lock);
  if (shown_) show_layout(lock);
}

void DisplaySession::ask_sources(Lock& lock) {
  const auto wanted = wishes(client_layout(), infos());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Screen& screen = *screens_[i];
    const std::optional<SourceMode>& mode = wanted[i];
    if (mode && mode->shown) screen.wanted = true;
    if (screen.wanted && screen.next_source) woken_ = true;  // it is started first, and then asked
    if (!mode || !screen.source || screen.asked == mode) continue;
    const bool is_so = mode->shown && mode->size == screen.surface && !mode->physical.valid();
    if (!screen.asked && is_so) continue;
    screen.asked = mode;
    const Unlock unlocked(lock);
    if (const auto asked = screen.source->request_mode(*mode); !asked) {
      log::debug("a desktop keeps its size", {{"because", describe(asked.error())}});
    }
  }
}

void DisplaySession::show_layout(Lock& lock) {
  // Before anything is known, a client waits with what it has.
  const auto known = [](const auto& screen) { return screen->surface.valid() || screen->ended; };
  if (std::ranges::none_of(screens_, known)) return;
  Arrangement fresh = arrange(client_layout(), infos());
  const bool rearranged = fresh != arrangement_;
  if (fresh.panes.empty() || (!rearranged && !shown_is_new_)) return refresh_views();
  if (rearranged) {
    arrangement_ = std::move(fresh);
    views_.clear();
    for (const auto& screen : screens_) screen->shown = false;
    for (const Pane& pane : arrangement_.panes) {
      Screen* const screen = pane.screen ? screens_[*pane.screen].get() : nullptr;
      if (screen != nullptr) screen->shown = true;
      views_.push_back(std::make_unique<View>(views_.size(), screen, pane.place));
    }
  }
  shown_is_new_ = false;
  cursor_changed_ = true;
  for (const auto& view : views_) {
    // With another mark on it the picture is begun anew.
    if (!view->painter.begin_client(shown_->pipeline().codecs, encoders_, shown_->mark())) view->begun = false;
    view->lost_since = SystemClock().now();
  }
  refresh_views();
  std::vector<InputRouter::Target> targets;
  for (const auto& view : views_) {
    targets.push_back({view->place, view->screen != nullptr ? &view->screen->input() : nullptr});
  }
  const auto client = shown_;
  const Unlock unlocked(lock);
  if (tap_) tap_->on_layout(arrangement_.output(), std::exchange(tap_is_new_, false));
  client->transport().set_layout(arrangement_.output());
  input_.set_targets(std::move(targets), arrangement_.monitors.primary());
}

// Views whose screen has a new surface, or lost or found its picture.
void DisplaySession::refresh_views() {
  for (const auto& view : views_) {
    Screen* const screen = view->screen;
    std::string_view notice = screen != nullptr ? screen->notice() : "NO DESKTOP FOR THIS MONITOR";
    if (shown_ && shown_->waits_for_notice()) notice = shown_->notice();
    const bool first = !std::exchange(view->begun, true);
    const bool other = view->notice != notice || first;
    view->notice = notice;
    if (other) view->notice_due = !notice.empty();
    if (screen == nullptr) continue;
    view->surface = screen->surface;
    const bool resurfaced = std::exchange(screen->resurfaced, false);
    if (!resurfaced && !other) continue;
    cursor_changed_ = true;
    if (screen->damage.empty()) screen->damaged_since = SystemClock().now();
    screen->damage.add(bounds(screen->surface));
  }
}

}  // namespace tobari::display
