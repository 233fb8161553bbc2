// SPDX-License-Identifier: GPL-3.0-or-later
// What happens on an X display, on a connection and a thread of its own. Asleep until the server says something.
// Internal to capture.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <tobari/base/unique_fd.h>
#include <tobari/display/framebuffer_source.h>

#include "capture/damage_batch.h"
#include "capture/x11_display.h"

namespace tobari::display {

class X11Watcher {
 public:
  [[nodiscard]] static Result<std::unique_ptr<X11Watcher>> create(const std::string& display);
  ~X11Watcher() { stop(); }
  X11Watcher(const X11Watcher&) = delete;
  X11Watcher& operator=(const X11Watcher&) = delete;

  [[nodiscard]] Result<void> start(SourceEvents& events);
  void stop() noexcept;
  [[nodiscard]] Size size() const noexcept;  // any thread

 private:
  X11Watcher(std::unique_ptr<X11Display> display, UniqueFd wake);
  [[nodiscard]] Result<void> find_extensions();
  void subscribe();
  void run(SourceEvents& events);
  [[nodiscard]] bool wait_for_server() const;  // false: stop() or the end of the server
  void handle(const XEvent& event, SourceEvents& events);
  void resized(Size size, SourceEvents& events);
  void flush_damage(SourceEvents& events);
  void send_cursor(SourceEvents& events);

  std::unique_ptr<X11Display> display_;
  UniqueFd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> packed_size_{0};
  int damage_event_ = 0;
  int cursor_event_ = 0;
  DamageBatch damage_;
  std::optional<CursorShape> cursor_;
  std::optional<bool> cursor_visible_;
  bool cursor_changed_ = false;
  std::jthread thread_;
};

}  // namespace tobari::display
