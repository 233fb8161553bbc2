// SPDX-License-Identifier: GPL-3.0-or-later
// Input on its way to a desktop that may be replaced or gone at any moment.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include <tobari/base/clock.h>
#include <tobari/display/input.h>

namespace tobari::display {

class InputRelay final : public InputSink {
 public:
  // Null: nobody is there and input is dropped. When it returns, the former target is not used any more.
  void set_target(InputSink* target) {
    const std::scoped_lock lock(mutex_);
    target_ = target;
  }

  // When the first key or button came that nothing has answered yet; from now on it counts as answered. Moves do not
  // count: most of them change nothing. Releases neither.
  [[nodiscard]] std::optional<Clock::Steady> take_unanswered() noexcept {
    if (unanswered_.load(std::memory_order_relaxed) == 0) return std::nullopt;
    const auto since = unanswered_.exchange(0);
    if (since == 0) return std::nullopt;
    return Clock::Steady(Clock::Steady::duration(since));
  }

  void key(const KeyEvent& event) override {
    if (event.pressed) note_press();
    forward([&event](InputSink& to) { to.key(event); });
  }
  void move(const PointerMove& event) override {
    forward([&event](InputSink& to) { to.move(event); });
  }
  void button(const PointerButton& event) override {
    if (event.pressed) note_press();
    forward([&event](InputSink& to) { to.button(event); });
  }
  void set_locks(const LockState& locks) override {
    forward([&locks](InputSink& to) { to.set_locks(locks); });
  }
  void release_all() override {
    forward([](InputSink& to) { to.release_all(); });
  }

 private:
  // Before it is passed on: the answer may come at once. The first one waits; one that waits for a second in vain gives
  // way.
  void note_press() noexcept {
    const Clock::Steady::rep now = SystemClock().now().time_since_epoch().count();
    Clock::Steady::rep since = unanswered_.load(std::memory_order_relaxed);
    if (since == 0 || now - since > kForgotten.count()) unanswered_.compare_exchange_strong(since, now);
  }

  template <class Body>
  void forward(Body body) {
    const std::scoped_lock lock(mutex_);
    if (target_ != nullptr) body(*target_);
  }

  std::mutex mutex_;
  InputSink* target_ = nullptr;
  static constexpr Clock::Steady::duration kForgotten = std::chrono::seconds(1);
  std::atomic<Clock::Steady::rep> unanswered_ = 0;  // 0: none
};

}  // namespace tobari::display
