// SPDX-License-Identifier: GPL-3.0-or-later
// Input of one client on its way to several desktops. The pointer goes to the screen under it; while a button is held,
// to the screen where that was pressed, kept inside. Keys and locks go to the screen last clicked, at first to the one
// that set_targets() names. What is held is released when the keyboard moves on.
#pragma once

#include <atomic>
#include <bitset>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/display/input.h>

namespace tobari::display {

class InputRouter final : public InputSink {
 public:
  // `on_screen_changed`: the pointer is over another screen now. `on_guarded_press`: a key or button was pressed while
  // nothing passes. Called on the thread of the input, must not block.
  explicit InputRouter(
      std::function<void()> on_screen_changed, std::function<void()> on_guarded_press = [] {})
      : on_screen_changed_(std::move(on_screen_changed)), on_guarded_press_(std::move(on_guarded_press)) {}

  // Guarded, nothing passes to anybody, but for what lets go.
  void set_guarded(bool guarded) noexcept { guarded_ = guarded; }

  struct Target {
    Rect place;                 // on the desktop, not empty
    InputSink* sink = nullptr;  // outlives the router; null: nobody is there
  };
  // The keyboard stays where it is if that sink is still among them; otherwise it goes to `focus`, or to the first that
  // there is.
  void set_targets(std::vector<Target> targets, std::size_t focus);

  [[nodiscard]] std::size_t under_pointer() const noexcept { return under_.load(); }  // index of a target
  [[nodiscard]] Point position() {                                                    // of the pointer, on the desktop
    const std::scoped_lock lock(mutex_);
    return position_;
  }
  [[nodiscard]] Clock::Steady last_used() const noexcept { return last_used_.load(); }

  void key(const KeyEvent& event) override;
  void move(const PointerMove& event) override;  // on the desktop
  void button(const PointerButton& event) override;
  void set_locks(const LockState& locks) override;
  void release_all() override;

 private:
  static constexpr std::size_t kButtons = 9;

  void note_use() { last_used_ = SystemClock().now(); }
  // With mutex_ held.
  [[nodiscard]] std::size_t nearest(Point position) const;
  bool point();  // moves the pointer of whoever it belongs to; true: over another screen
  void focus(InputSink* sink);

  const std::function<void()> on_screen_changed_;
  const std::function<void()> on_guarded_press_;
  std::atomic<bool> guarded_ = false;
  std::mutex mutex_;
  std::vector<Target> targets_;
  InputSink* focus_ = nullptr;
  std::bitset<kButtons> held_;
  Point position_;
  std::optional<LockState> locks_;
  std::atomic<std::size_t> under_ = 0;
  std::atomic<Clock::Steady> last_used_ = Clock::Steady{};
};

}  // namespace tobari::display
