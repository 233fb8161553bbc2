// SPDX-License-Identifier: GPL-3.0-or-later
// The encode thread of a DisplaySession. It holds the lock except while it uses the source, the painter or a transport.
#include <algorithm>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "session/connection.h"
#include "session/display_session.h"
#include "session/source_notes.h"

namespace tobari::display {
namespace {

constexpr std::chrono::milliseconds kRetry{20};  // after pixels could not be had, or nothing came of a step
constexpr std::chrono::seconds kTrimPeriod{2};   // how often an unused video encoder is looked for

std::size_t data_bytes(const EncodedFrame& frame) noexcept {
  std::size_t bytes = 0;
  for (const EncodedRect& rect : frame.rects) bytes += rect.data.size();
  return bytes;
}

class Unlock {
 public:
  explicit Unlock(std::unique_lock<std::mutex>& lock) : lock_(lock) { lock_.unlock(); }
  ~Unlock() { lock_.lock(); }
  Unlock(const Unlock&) = delete;
  Unlock& operator=(const Unlock&) = delete;

 private:
  std::unique_lock<std::mutex>& lock_;
};

}  // namespace

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
  give_up_source(lock);
  replace_source(lock);
  apply_wish(lock);
  apply_surface(lock);
  apply_client(lock);
  apply_cursor(lock);
  end_idle_client(lock);
  painter_.forget(std::exchange(repaint_, {}));
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

void DisplaySession::give_up_source(Lock& lock) {
  if (!lost_) return;
  const Error reason = *std::exchange(lost_, std::nullopt);
  const auto lost = std::exchange(source_, nullptr);
  const Unlock unlocked(lock);
  input_.set_target(nullptr);
  if (lost) lost->stop();
  observer_.on_source_lost(reason);
}

void DisplaySession::replace_source(Lock& lock) {
  if (!next_source_) return;
  auto fresh = std::exchange(next_source_, nullptr);
  auto former = std::exchange(source_, nullptr);
  auto notes = std::make_unique<SourceNotes>(*this);
  Result<void> started;
  {
    const Unlock unlocked(lock);
    input_.set_target(nullptr);
    if (former) former->stop();
    former.reset();
    started = fresh->start(*notes);
    if (started) input_.set_target(&fresh->input());
  }
  source_notes_ = std::move(notes);
  if (started) {
    source_ = std::move(fresh);
  } else {
    lost_ = started.error();
    woken_ = true;
  }
}

void DisplaySession::apply_wish(Lock& lock) {
  if (!wish_ || !source_) return;
  const Size size = *std::exchange(wish_, std::nullopt);
  if (size == surface_) return;
  const Unlock unlocked(lock);
  if (const auto asked = source_->request_size(size); !asked) {
    log::debug("the desktop keeps its size", {{"because", describe(asked.error())}});
  }
}

void DisplaySession::apply_surface(Lock& lock) {
  if (!new_surface_) return;
  const Size size = *std::exchange(new_surface_, std::nullopt);
  // Again, although on_surface() said so: its damage may have been used up for the surface that was there before.
  damage_.add(bounds(size));
  if (size == painter_.size()) return;  // all of it is damaged, and what is equal need not be sent again
  painter_.resize(size);
  if (!shown_) return;
  const auto client = shown_;
  painter_.begin_client(client->pipeline().codecs);
  const Unlock unlocked(lock);
  client->transport().set_surface(size);
}

void DisplaySession::apply_client(Lock& lock) {
  if (!std::exchange(active_changed_, false)) return;
  shown_ = active_;
  trim_at_.reset();
  not_before_.reset();
  if (!shown_) return painter_.end_client();
  pacer_.reset(shown_->pipeline().graphics);
  shown_since_ = SystemClock().now();
  cursor_changed_ = cursor_.has_value();
  visibility_changed_ = true;
  const Size size = painter_.size();
  if (!size.valid()) return;  // when the desktop has a size, apply_surface() goes on
  painter_.begin_client(shown_->pipeline().codecs);
  const auto client = shown_;
  const Unlock unlocked(lock);
  client->transport().set_surface(size);
}

void DisplaySession::apply_cursor(Lock& lock) {
  if (!shown_) return;
  const auto client = shown_;
  const bool shape = std::exchange(cursor_changed_, false) && cursor_.has_value();
  const bool visibility = std::exchange(visibility_changed_, false);
  if (!shape && !visibility) return;
  const std::optional<CursorShape> cursor = shape ? cursor_ : std::nullopt;
  const bool visible = cursor_visible_;
  const Unlock unlocked(lock);
  if (cursor) client->transport().set_cursor(*cursor);
  if (visibility) client->transport().set_cursor_visible(visible);
}

void DisplaySession::end_idle_client(Lock& lock) {
  if (!shown_ || shown_->admitted().grant.idle_timeout.count() == 0) return;
  const Time now = SystemClock().now();
  if (now - std::max(input_.last_used(), shown_since_) < shown_->admitted().grant.idle_timeout) return;
  const auto client = shown_;
  const Unlock unlocked(lock);
  client->transport().close(CloseReason::kIdle);
}

bool DisplaySession::show_something(Lock& lock) {
  pace_again_.reset();
  if (!shown_ || !output_wanted_ || !painter_.size().valid()) return false;
  const Time now = SystemClock().now();
  if (not_before_ && now < *not_before_) return false;
  not_before_.reset();
  const Pacer::Decision decision = pacer_.decide(now, shown_->transport().unsent());
  pacer_allows_ = decision.go;
  if (!decision.go) {
    pace_again_ = decision.again;
    return false;
  }
  if (!damage_.empty() || painter_.pending()) return paint(lock, now);
  return refine(lock, now);
}

bool DisplaySession::paint(Lock& lock, Time now) {
  const Region damage = std::exchange(damage_, {});
  Result<EncodedFrame> frame;
  {
    const Unlock unlocked(lock);
    frame = painter_.paint(source_.get(), damage, now);
  }
  if (!frame) {  // no pixels at the moment: the damage stays, and a lost source says so by itself
    damage_.add(damage);
    not_before_ = now + kRetry;
    return false;
  }
  send(lock, std::move(*frame), now);
  return true;
}

bool DisplaySession::refine(Lock& lock, Time now) {
  if (trim_at_ && now >= *trim_at_) {
    trim_at_ = painter_.trim(now) ? std::optional(now + kTrimPeriod) : std::nullopt;
  }
  const auto due = painter_.next_refinement();
  if (!due || *due > now) return false;
  EncodedFrame frame;
  {
    const Unlock unlocked(lock);
    frame = painter_.refine(now);
  }
  const bool sent = !frame.empty();
  if (!sent) not_before_ = now + kRetry;
  send(lock, std::move(frame), now);
  return sent;
}

void DisplaySession::send(Lock& lock, EncodedFrame frame, Time now) {
  if (frame.empty()) return;
  if (!trim_at_) trim_at_ = now + kTrimPeriod;
  const FrameId id = next_frame_++;
  pacer_.sent(id, data_bytes(frame), now);
  const auto client = shown_;
  const Unlock unlocked(lock);
  client->transport().send(id, std::move(frame));
}

std::optional<DisplaySession::Time> DisplaySession::next_alarm() const {
  if (!shown_) return std::nullopt;
  std::optional<Time> next = trim_at_;
  const auto sooner = [&next](const std::optional<Time>& t) {
    if (t && (!next || *t < *next)) next = t;
  };
  if (output_wanted_) {
    sooner(pace_again_);
    sooner(not_before_);
    // While the pacer says no, an acknowledgement wakes us; looking at the clock for a refinement would be a busy loop.
    if (!pace_again_ && !not_before_ && pacer_allows_) sooner(painter_.next_refinement());
  }
  const auto idle = shown_->admitted().grant.idle_timeout;
  if (idle.count() > 0) sooner(std::max(input_.last_used(), shown_since_) + idle);
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
