// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/input_router.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tobari::display {
namespace {

bool is_wheel(Button button) noexcept {
  return button == Button::kWheelUp || button == Button::kWheelDown || button == Button::kWheelLeft ||
         button == Button::kWheelRight;
}

Point inside(Point p, const Rect& place) noexcept {
  return {std::clamp(p.x, place.x, place.right() - 1), std::clamp(p.y, place.y, place.bottom() - 1)};
}

long distance(Point p, const Rect& place) noexcept {
  const Point near = inside(p, place);
  const long dx = p.x - near.x;
  const long dy = p.y - near.y;
  return dx * dx + dy * dy;
}

}  // namespace

void InputRouter::set_targets(std::vector<Target> targets, std::size_t focus_index) {
  {
    const std::scoped_lock lock(mutex_);
    // A screen that is not shown any more keeps nothing pressed.
    for (const Target& former : targets_) {
      const bool stays = std::ranges::any_of(targets, [&former](const Target& t) { return t.sink == former.sink; });
      if (former.sink != nullptr && !stays) former.sink->release_all();
    }
    targets_ = std::move(targets);
    held_.reset();
    const auto has_focus = [this](const Target& t) { return t.sink == focus_; };
    if (focus_ == nullptr || std::ranges::none_of(targets_, has_focus)) {
      focus_ = nullptr;
      if (focus_index < targets_.size()) focus(targets_[focus_index].sink);
      for (const Target& target : targets_) {
        if (focus_ == nullptr) focus(target.sink);
      }
    }
    if (!targets_.empty()) under_ = nearest(position_);
  }
  on_screen_changed_();
}

std::size_t InputRouter::nearest(Point position) const {
  std::size_t best = 0;
  long least = std::numeric_limits<long>::max();
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const long far = distance(position, targets_[i].place);
    if (far < least) {
      least = far;
      best = i;
    }
  }
  return best;
}

bool InputRouter::point() {
  if (targets_.empty()) return false;
  const std::size_t former = under_;
  const std::size_t now = held_.any() && former < targets_.size() ? former : nearest(position_);
  under_ = now;
  const Target& target = targets_[now];
  if (target.sink != nullptr) {
    const Point p = inside(position_, target.place);
    target.sink->move({{p.x - target.place.x, p.y - target.place.y}});
  }
  return now != former;
}

void InputRouter::focus(InputSink* sink) {
  if (sink == nullptr || sink == focus_) return;
  if (focus_ != nullptr) focus_->release_all();
  focus_ = sink;
  if (locks_) focus_->set_locks(*locks_);
}

void InputRouter::key(const KeyEvent& event) {
  note_use();
  if (guarded_ && event.pressed) return on_guarded_press_();
  const std::scoped_lock lock(mutex_);
  if (focus_ != nullptr) focus_->key(event);
}

void InputRouter::move(const PointerMove& event) {
  note_use();
  if (guarded_) return;
  bool changed = false;
  {
    const std::scoped_lock lock(mutex_);
    position_ = event.position;
    changed = point();
  }
  if (changed) on_screen_changed_();
}

void InputRouter::button(const PointerButton& event) {
  note_use();
  if (guarded_ && event.pressed) {
    if (!is_wheel(event.button)) on_guarded_press_();
    return;
  }
  bool changed = false;
  {
    const std::scoped_lock lock(mutex_);
    if (targets_.empty()) return;
    InputSink* sink = targets_[std::min<std::size_t>(under_, targets_.size() - 1)].sink;
    const bool click = event.pressed && !is_wheel(event.button);
    if (click && held_.none()) focus(sink);
    if (sink != nullptr) sink->button(event);
    if (!is_wheel(event.button)) held_.set(std::to_underlying(event.button), event.pressed);
    if (!event.pressed && held_.none()) changed = point();
  }
  if (changed) on_screen_changed_();
}

void InputRouter::set_locks(const LockState& locks) {
  note_use();
  const std::scoped_lock lock(mutex_);
  locks_ = locks;
  if (focus_ != nullptr) focus_->set_locks(locks);
}

void InputRouter::release_all() {
  const std::scoped_lock lock(mutex_);
  held_.reset();
  for (const Target& target : targets_) {
    if (target.sink != nullptr) target.sink->release_all();
  }
}

}  // namespace tobari::display
