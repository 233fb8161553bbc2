// SPDX-License-Identifier: GPL-3.0-or-later
// A thread with a GMainContext of its own, which is the thread's default context: what is made on it is served by it.
#pragma once

#include <functional>
#include <thread>

#include <glib.h>

namespace tobari::display {

class GlibLoop {
 public:
  GlibLoop();
  ~GlibLoop();  // after join(), or never started
  GlibLoop(const GlibLoop&) = delete;
  GlibLoop& operator=(const GlibLoop&) = delete;

  void start();
  [[nodiscard]] bool running() const noexcept { return thread_.joinable(); }

  // Runs `task` on the thread; any thread may call. Tasks of one priority run in order; a larger number is later.
  void post(std::function<void()> task, int priority = G_PRIORITY_DEFAULT);

  void quit();  // on the thread: the last thing it does; tasks still waiting are destroyed, not run
  void join();

 private:
  GMainContext* context_;
  GMainLoop* loop_;
  std::jthread thread_;
};

}  // namespace tobari::display
