// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/input_queue.h"

#include <tobari/base/invariant.h>

namespace tobari::display {

void InputQueue::push(const KeyEvent& event) {
  const std::size_t key = (event.scancode & 0x7FU) + (event.extended ? 128U : 0U);
  if (event.pressed) {
    if (waiting_.size() >= kMaxWaiting) return;
  } else if (!keys_.test(key)) {
    return;
  }
  keys_.set(key, event.pressed);
  waiting_.emplace_back(event);
}

void InputQueue::push(const PointerMove& event) {
  if (position_ == event.position) return;
  if (!waiting_.empty() && std::holds_alternative<PointerMove>(waiting_.back())) {
    waiting_.back() = event;
  } else if (waiting_.size() < kMaxWaiting / 2) {
    waiting_.emplace_back(event);
  } else {
    return;
  }
  position_ = event.position;
}

void InputQueue::push(const PointerButton& event) {
  const auto button = static_cast<std::size_t>(event.button);
  if (button >= kButtons) return;
  if (event.pressed) {
    if (waiting_.size() >= kMaxWaiting) return;
  } else if (!buttons_.test(button)) {
    return;
  }
  buttons_.set(button, event.pressed);
  waiting_.emplace_back(event);
}

void InputQueue::push(const LockState& event) {
  if (waiting_.size() < kMaxWaiting) waiting_.emplace_back(event);
}

void InputQueue::release_all() {
  for (std::size_t key = 0; key < kKeys; ++key) {
    if (keys_.test(key)) push(KeyEvent{static_cast<std::uint8_t>(key & 0x7F), key >= 128, false});
  }
  for (std::size_t button = 0; button < kButtons; ++button) {
    if (buttons_.test(button)) push(PointerButton{static_cast<Button>(button), false});
  }
}

InputEvent InputQueue::pop() {
  TOBARI_INVARIANT(!waiting_.empty());
  InputEvent event = waiting_.front();
  waiting_.pop_front();
  return event;
}

void InputQueue::clear() noexcept {
  waiting_.clear();
  keys_.reset();
  buttons_.reset();
  position_.reset();
}

}  // namespace tobari::display
