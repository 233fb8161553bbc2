// SPDX-License-Identifier: GPL-3.0-or-later
// A connection to an X server whose errors end nothing but themselves. Xlib by itself ends the process when a request
// fails or the server goes away. Internal to capture; one thread at a time, but for broken() and interrupt().
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <tobari/base/result.h>
#include <tobari/display/geometry.h>

#include "capture/x11_headers.h"

namespace tobari::display {

class X11Display {
 public:
  [[nodiscard]] static Result<std::unique_ptr<X11Display>> open(const std::string& name);
  ~X11Display();
  X11Display(const X11Display&) = delete;
  X11Display& operator=(const X11Display&) = delete;

  [[nodiscard]] Display* get() const noexcept { return display_; }
  [[nodiscard]] Window root() const noexcept { return DefaultRootWindow(display_); }
  [[nodiscard]] int fd() const noexcept { return ConnectionNumber(display_); }

  // The server is gone; every call from now on returns at once.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  // Ends the connection at the socket, from any thread: whoever waits for the server returns.
  void interrupt() noexcept;

  // The code of the last request that failed since the last call, 0 for none. Requests that have a reply report at
  // once, others after sync().
  [[nodiscard]] int take_error() noexcept { return error_.exchange(0); }
  int sync() noexcept;  // and take_error()

  [[nodiscard]] Size root_size();  // a round trip; not valid() when the server is gone

 private:
  X11Display() = default;
  static int on_error(Display* display, XErrorEvent* event);
  static void on_io_error_exit(Display* display, void* self);

  Display* display_ = nullptr;
  std::atomic<bool> broken_{false};
  std::atomic<int> error_{0};
};

}  // namespace tobari::display
