// SPDX-License-Identifier: GPL-3.0-or-later
// The encode thread of a DisplaySession. It holds the lock except while it uses the source, the painter or a transport.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "session/connection.h"
#include "session/unlock.h"
#include "session/view.h"

namespace tobari::display {

void DisplaySession::run(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (!stop.stop_requested()) {
    woken_ = false;
    housekeeping(lock);
    if (!show_something(lock)) sleep(lock, stop);
  }
}

void DisplaySession::housekeeping(Lock& lock) {
  bury(lock);
  for (std::size_t i = 0; i < screens_.size(); ++i) {  // there may be more of them after each step
    give_up_source(lock, i);
    replace_source(lock, *screens_[i]);
  }
  apply_client(lock);
  apply_layout(lock);
  apply_cursor(lock);
  apply_audio(lock);
  apply_clipboard(lock);
  apply_repaint();
  apply_warning();
  end_client_in_time(lock);
  make_thumbnail(lock);
}

// Closed connections: their thread has said its last word and is joined here, on a thread that is not theirs.
void DisplaySession::bury(Lock& lock) {
  std::vector<std::shared_ptr<Connection>> dead;
  for (const auto& connection : connections_) {
    if (connection->closed()) dead.push_back(connection);
  }
  if (dead.empty()) return;
  connections_.remove_if([](const auto& c) { return c->closed(); });
  const Unlock unlocked(lock);
  for (const auto& connection : dead) connection->transport().stop();
}

void DisplaySession::give_up_source(Lock& lock, std::size_t index) {
  Screen& screen = *screens_[index];
  if (!screen.lost) return;
  const Error reason = *std::exchange(screen.lost, std::nullopt);
  const auto lost = std::exchange(screen.source, nullptr);
  screen.ended = true;
  screen.damage.clear();
  screen.cursor.reset();
  layout_changed_ = cursor_changed_ = audio_changed_ = true;
  const Unlock unlocked(lock);
  screen.input().set_target(nullptr);
  if (lost) {
    audio_.leave(lost->audio());
    lost->stop();
  }
  observer_.on_source_lost(index, reason);
}

void DisplaySession::replace_source(Lock& lock, Screen& screen) {
  if (!screen.next_source || (screen.spare && !screen.wanted)) return;
  auto fresh = std::exchange(screen.next_source, nullptr);
  auto former = std::exchange(screen.source, nullptr);
  Result<void> started;
  {
    const Unlock unlocked(lock);
    screen.input().set_target(nullptr);
    if (former) {
      audio_.leave(former->audio());
      former->stop();
    }
    former.reset();
    started = fresh->start(screen);
    if (started) screen.input().set_target(&fresh->input());
  }
  screen.asked.reset();
  layout_changed_ = audio_changed_ = true;
  if (started) {
    screen.source = std::move(fresh);
  } else {
    screen.lost = started.error();
    woken_ = true;
  }
}

// The pointer has the shape that the screen under it gives it: the newest, when the line and the pacer allow one.
void DisplaySession::apply_cursor(Lock& lock) {
  cursor_due_.reset();
  if (!shown_ || shown_is_new_ || !cursor_changed_ || views_.empty()) return;
  cursor_changed_ = false;
  if (tap_ && tap_->holds()) {
    cursor_changed_ = true;
    cursor_due_ = SystemClock().now() + kHeldRetry;
    return;
  }
  const View& view = *views_[std::min(input_.under_pointer(), views_.size() - 1)];
  PointerLook look;
  if (view.live()) look = {view.screen->cursor, view.screen->cursor_visible};
  if (look == look_) return;
  const bool other_shape = !look_ || look_->shape != look.shape;
  const bool other_visibility = !look_ || look_->visible != look.visible;
  const auto client = shown_;
  if (other_shape && look.shape) {
    const Time now = SystemClock().now();
    const Time due = cursor_pacer_.due(client->transport().unsent() >= DisplayTransport::kDrained);
    if (now < due) {
      cursor_changed_ = true;
      cursor_due_ = due;
      return;
    }
    cursor_pacer_.sent(look.shape->argb.size() * sizeof(std::uint32_t), now);
  }
  look_ = look;
  const Unlock unlocked(lock);
  if (tap_) tap_->on_pointer(look.shape, look.visible);
  if (other_shape) client->transport().set_cursor(look.shape);
  if (other_visibility) client->transport().set_cursor_visible(look.visible);
}

void DisplaySession::apply_repaint() {
  const Region lost = std::exchange(repaint_, {});
  for (const auto& view : views_) {
    for (const Rect& rect : lost.rects()) {
      Rect part = intersect(rect, view->place);
      part.x -= view->place.x;
      part.y -= view->place.y;
      if (view->painter.pending().empty()) view->lost_since = SystemClock().now();
      view->painter.forget(Region(part));
    }
  }
}

// Of several desktops the first one that has a sound is heard.
void DisplaySession::apply_audio(Lock& lock) {
  if (!std::exchange(audio_changed_, false)) return;
  std::shared_ptr<DisplayTransport> listener;
  if (shown_ && shown_->hears()) listener = {shown_, &shown_->transport()};
  AudioSource* heard = nullptr;
  for (const auto& screen : screens_) {
    if (heard == nullptr && screen->source) heard = screen->source->audio();
  }
  const Unlock unlocked(lock);
  audio_.set_source(heard);
  audio_.set_listener(std::move(listener));
}

// Who has the clipboard, and what time has come for on it.
void DisplaySession::apply_clipboard(Lock& lock) {
  const Time now = SystemClock().now();
  const auto due = clipboard_.next_alarm();
  if (due && now >= *due) {
    const Unlock unlocked(lock);
    clipboard_.tick(now);
  }
  if (!std::exchange(clipboard_changed_, false)) return;
  std::shared_ptr<DisplayTransport> client;
  std::string session_id;
  policy::Grant grant;
  if (shown_ && !shown_->waits_for_notice()) {
    client = {shown_, &shown_->transport()};
    session_id = shown_->admitted().session_id;
    grant = shown_->admitted().grant;
  }
  auto next = std::exchange(next_clipboard_, std::nullopt);
  const Unlock unlocked(lock);
  clipboard_.set_client(std::move(client), session_id, grant);
  if (!next) return;
  clipboard_.set_guest(nullptr);
  if (guest_clipboard_) guest_clipboard_->stop();
  guest_clipboard_ = std::move(*next);
  if (!guest_clipboard_) return;
  if (const auto started = guest_clipboard_->start(clipboard_.guest_events()); !started) {
    log::warning("the desktop has no clipboard", {{"because", describe(started.error())}});
    guest_clipboard_.reset();
    return;
  }
  clipboard_.set_guest(guest_clipboard_.get());
}

void DisplaySession::end_client_in_time(Lock& lock) {
  if (!shown_) return;
  const policy::Grant& grant = shown_->admitted().grant;
  const Time now = SystemClock().now();
  const bool idle =
      grant.idle_timeout.count() > 0 && now - std::max(input_.last_used(), shown_since_) >= grant.idle_timeout;
  const bool over = grant.absolute_timeout.count() > 0 && now - shown_->admitted_at() >= grant.absolute_timeout;
  if (!idle && !over) return;
  const auto client = shown_;
  const Unlock unlocked(lock);
  client->transport().close(over ? CloseReason::kTimeLimit : CloseReason::kIdle);
}

std::optional<DisplaySession::Time> DisplaySession::next_alarm() {
  std::optional<Time> next = layout_due_;
  const auto sooner = [&next](const std::optional<Time>& t) {
    if (t && (!next || *t < *next)) next = t;
  };
  sooner(clipboard_.next_alarm());
  if (!shown_) return next;
  sooner(trim_at_);
  sooner(cursor_due_);
  sooner(warning_due_);
  if (output_wanted_) {
    sooner(pace_again_);
    // While the pacer says no, pace_again_ or an acknowledgement wakes us; any other alarm would be a busy loop.
    for (const auto& view : views_) {
      if (!pacer_allows_) break;
      sooner(view->not_before);
      if (!pace_again_ && !view->not_before) sooner(view->painter.next_refinement());
    }
  }
  const policy::Grant& grant = shown_->admitted().grant;
  if (grant.idle_timeout.count() > 0) sooner(std::max(input_.last_used(), shown_since_) + grant.idle_timeout);
  if (grant.absolute_timeout.count() > 0) sooner(shown_->admitted_at() + grant.absolute_timeout);
  return next;
}

void DisplaySession::sleep(Lock& lock, const std::stop_token& stop) {
  const auto woken = [this] { return woken_; };
  if (const auto until = next_alarm()) {
    changed_.wait_until(lock, stop, *until, woken);
  } else {
    changed_.wait(lock, stop, woken);
  }
}

}  // namespace tobari::display
