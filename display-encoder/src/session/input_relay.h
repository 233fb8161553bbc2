// SPDX-License-Identifier: GPL-3.0-or-later
// Input on its way to a desktop that may be replaced or gone at any moment.
#pragma once

#include <mutex>

#include <tobari/display/input.h>

namespace tobari::display {

class InputRelay final : public InputSink {
 public:
  // Null: nobody is there and input is dropped. When it returns, the former target is not used any more.
  void set_target(InputSink* target) {
    const std::scoped_lock lock(mutex_);
    target_ = target;
  }

  void key(const KeyEvent& event) override {
    forward([&event](InputSink& to) { to.key(event); });
  }
  void move(const PointerMove& event) override {
    forward([&event](InputSink& to) { to.move(event); });
  }
  void button(const PointerButton& event) override {
    forward([&event](InputSink& to) { to.button(event); });
  }
  void set_locks(const LockState& locks) override {
    forward([&locks](InputSink& to) { to.set_locks(locks); });
  }
  void release_all() override {
    forward([](InputSink& to) { to.release_all(); });
  }

 private:
  template <class Body>
  void forward(Body body) {
    const std::scoped_lock lock(mutex_);
    if (target_ != nullptr) body(*target_);
  }

  std::mutex mutex_;
  InputSink* target_ = nullptr;
};

}  // namespace tobari::display
