// SPDX-License-Identifier: GPL-3.0-or-later
// Input on its way to a desktop that may not take it just now. Pure; not thread safe.
//
// Order is kept. Bounded: a move that follows a move replaces it; at kMaxWaiting further moves are dropped first, then
// presses; the release of a pressed key or button is never dropped, so nothing stays down in the desktop.
#pragma once

#include <bitset>
#include <cstddef>
#include <deque>
#include <optional>
#include <variant>

#include <tobari/display/input.h>

namespace tobari::display {

using InputEvent = std::variant<KeyEvent, PointerMove, PointerButton, LockState>;

class InputQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  void push(const KeyEvent& event);     // the release of a key that is not pressed is dropped
  void push(const PointerMove& event);  // where the pointer is already: dropped
  void push(const PointerButton& event);
  void push(const LockState& event);
  void release_all();

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  [[nodiscard]] InputEvent pop();  // not empty()
  void clear() noexcept;           // the desktop is gone

 private:
  static constexpr std::size_t kKeys = 256;  // scan codes, extended ones after the plain ones
  static constexpr std::size_t kButtons = 9;

  std::deque<InputEvent> waiting_;
  std::bitset<kKeys> keys_;
  std::bitset<kButtons> buttons_;
  std::optional<Point> position_;  // of the last move that was taken
};

}  // namespace tobari::display
