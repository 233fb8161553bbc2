// SPDX-License-Identifier: GPL-3.0-or-later
// Plays QEMU's side of the D-Bus display, honest or hostile: one console with keyboard and mouse, and whatever a test
// makes it say to the listener. A thread of its own, like QEMU's main loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gio/gio.h>

#include <tobari/base/unique_fd.h>

#include "capture/glib_handle.h"
#include "capture/glib_loop.h"

namespace tobari::display {

class FakeQemu {
 public:
  FakeQemu();
  ~FakeQemu();
  FakeQemu(const FakeQemu&) = delete;
  FakeQemu& operator=(const FakeQemu&) = delete;

  [[nodiscard]] UniqueFd take_client_fd() { return std::move(client_fd_); }
  [[nodiscard]] bool wait_for_listener();

  // Calls the listener and waits for its answer, as QEMU does for ScanoutMap: "" or the error's name. One second at
  // most.
  [[nodiscard]] std::string call(const char* interface, const char* method, GVariant* arguments, int fd = -1);
  [[nodiscard]] std::string scanout_map(int fd, unsigned offset, unsigned width, unsigned height, unsigned stride,
                                        unsigned format);
  [[nodiscard]] std::string scanout(unsigned width, unsigned height, unsigned stride, unsigned format,
                                    std::size_t bytes, unsigned char fill);
  void send_update_map(int x, int y, int width, int height);  // no answer asked for
  void flush();
  [[nodiscard]] std::string update(int x, int y, int width, int height, unsigned stride, std::size_t bytes,
                                   unsigned char fill);
  [[nodiscard]] std::string cursor(int width, int height, std::size_t bytes, unsigned char fill);
  [[nodiscard]] std::string mouse(bool visible);
  void set_modifiers(unsigned modifiers);

  [[nodiscard]] std::vector<std::string> listener_interfaces();
  // What was called on the console, "Keyboard.Press 30"; waits until there are that many.
  [[nodiscard]] std::vector<std::string> wait_for_calls(std::size_t count);
  [[nodiscard]] std::size_t calls_so_far();
  void stop_answering() { answering_ = false; }  // a machine that is stuck
  void answer_everything();
  void refuse_sizes() { resizable_ = false; }
  void hang_up();

 private:
  static void on_method(GDBusConnection*, const char*, const char*, const char* interface, const char* method,
                        GVariant* parameters, GDBusMethodInvocation* invocation, gpointer self);
  static GVariant* on_property(GDBusConnection*, const char*, const char*, const char*, const char* property, GError**,
                               gpointer self);
  void serve(UniqueFd fd);
  void register_listener(GDBusMethodInvocation* invocation, GVariant* parameters);
  void run_on_loop(const std::function<void()>& task);

  UniqueFd client_fd_;
  GlibLoop loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  GRef<GDBusConnection> console_;
  GRef<GDBusConnection> listener_;
  std::vector<std::string> calls_;
  std::vector<GDBusMethodInvocation*> unanswered_;
  std::atomic<unsigned> modifiers_{0};
  std::atomic<bool> answering_{true};
  std::atomic<bool> resizable_{true};
};

}  // namespace tobari::display
