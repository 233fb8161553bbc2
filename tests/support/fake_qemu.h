// SPDX-License-Identifier: GPL-3.0-or-later
// Plays QEMU's side of the D-Bus display, honest or hostile: one console with keyboard and mouse, and whatever a test
// makes it say to the listener. A thread of its own, like QEMU's main loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <gio/gio.h>

#include <tobari/base/unique_fd.h>

#include "capture/glib_handle.h"
#include "capture/glib_loop.h"

namespace tobari::display {

class FakeQemu {
 public:
  enum class Sound : std::uint8_t { kNone, kCard };
  explicit FakeQemu(Sound sound = Sound::kNone);
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

  // ---- with a sound card
  [[nodiscard]] bool wait_for_ears();  // until somebody listens
  void play_voice(std::uint64_t id, unsigned rate, unsigned channels, unsigned bits, bool is_signed = true);
  void end_voice(std::uint64_t id);
  void set_volume(std::uint64_t id, bool muted, const std::vector<unsigned char>& volume);
  void play(std::uint64_t id, std::span<const std::int16_t> samples);  // no answer asked for
  void flush_sound();                                                  // until all of it was taken

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
  void register_listener(GDBusMethodInvocation* invocation, GVariant* parameters, GRef<GDBusConnection>& as);
  void tell_ears(const char* method, GVariant* arguments);
  void run_on_loop(const std::function<void()>& task);

  const Sound sound_;
  UniqueFd client_fd_;
  GlibLoop loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  GRef<GDBusConnection> console_;
  GRef<GDBusConnection> listener_;
  GRef<GDBusConnection> ears_;
  std::vector<std::string> calls_;
  std::vector<GDBusMethodInvocation*> unanswered_;
  std::atomic<unsigned> modifiers_{0};
  std::atomic<bool> answering_{true};
  std::atomic<bool> resizable_{true};
};

}  // namespace tobari::display
