// SPDX-License-Identifier: GPL-3.0-or-later
// Which keys the desktop believes to be down, so that none stays down when the focus goes; and when the lamps of the
// keyboard have to be told. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "session/input.h"

namespace tobari::client {

class KeyTracker {
 public:
  // A key as the window system reports it; none when there is nothing to send. A press that repeats is sent again, a
  // release of what is not down is not.
  [[nodiscard]] std::optional<KeyInput> press(ScanCode code) {
    if (code == kNoScanCode) return std::nullopt;
    down_.insert(code);
    return KeyInput{.code = code, .down = true};
  }
  [[nodiscard]] std::optional<KeyInput> release(ScanCode code) {
    if (down_.erase(code) == 0) return std::nullopt;
    return KeyInput{.code = code, .down = false};
  }

  // Releases of everything that is down.
  [[nodiscard]] std::vector<KeyInput> release_all() {
    std::vector<KeyInput> keys;
    for (const ScanCode code : down_) keys.push_back({.code = code, .down = false});
    down_.clear();
    return keys;
  }

  void focus_gained() { locks_due_ = true; }

  // The lamps, once after each gain of the focus: other windows may have changed them. `x11_modifiers` is the state
  // that comes with each key event, from before that key.
  [[nodiscard]] std::optional<LocksInput> locks(std::uint32_t x11_modifiers) {
    if (!locks_due_) return std::nullopt;
    locks_due_ = false;
    constexpr std::uint32_t kLock = 1U << 1;
    constexpr std::uint32_t kMod2 = 1U << 4;  // Num Lock on every layout in use
    return LocksInput{.caps = (x11_modifiers & kLock) != 0, .num = (x11_modifiers & kMod2) != 0, .scroll = false};
  }

 private:
  std::set<ScanCode> down_;
  bool locks_due_ = true;
};

}  // namespace tobari::client
