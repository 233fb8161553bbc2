// SPDX-License-Identifier: GPL-3.0-or-later
// What we do to an X display: input through XTEST, lock keys through XKB, another size through RandR. A thread and a
// connection of its own, so that whoever gives input never waits for the server. Internal to capture.
#pragma once

#include <bitset>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <tobari/display/input.h>

#include "capture/input_queue.h"
#include "capture/x11_display.h"

namespace tobari::display {

class X11Controller final : public InputSink {
 public:
  [[nodiscard]] static Result<std::unique_ptr<X11Controller>> create(const std::string& display);
  ~X11Controller() override { stop(); }
  X11Controller(const X11Controller&) = delete;
  X11Controller& operator=(const X11Controller&) = delete;

  void start();
  void stop() noexcept;

  void key(const KeyEvent& event) override { push(event); }
  void move(const PointerMove& event) override { push(event); }
  void button(const PointerButton& event) override { push(event); }
  void set_locks(const LockState& locks) override { push(locks); }
  void release_all() override;

  // kInvalidArgument: beyond what the server said it can do. The change itself comes later, or not.
  [[nodiscard]] Result<void> request_size(Size size);

 private:
  explicit X11Controller(std::unique_ptr<X11Display> display) : display_(std::move(display)) {}
  [[nodiscard]] Result<void> find_extensions();
  template <class Event>
  void push(const Event& event);
  void run(const std::stop_token& token);
  void send(const InputEvent& event);
  void send_key(const KeyEvent& event);
  void send_locks(const LockState& locks);

  std::unique_ptr<X11Display> display_;
  std::optional<Size> smallest_;  // what RandR allows; nothing without RandR
  std::optional<Size> largest_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  InputQueue queue_;
  std::optional<Size> wanted_size_;
  bool running_ = false;

  std::bitset<256> down_;  // X key codes
  std::jthread thread_;
};

}  // namespace tobari::display
