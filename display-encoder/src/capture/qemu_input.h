// SPDX-License-Identifier: GPL-3.0-or-later
// Input for a virtual machine: queued by the consumer, called on org.qemu.Display1.{Keyboard,Mouse} from the D-Bus
// thread. Internal to capture.
#pragma once

#include <mutex>
#include <string>

#include <gio/gio.h>

#include <tobari/display/input.h>

#include "capture/glib_handle.h"
#include "capture/glib_loop.h"
#include "capture/input_queue.h"
#include "capture/qemu_scanout.h"

namespace tobari::display {

class QemuInput final : public InputSink {
 public:
  // Calls under way at a time. More would only wait in QEMU's socket, where they cannot be replaced by newer ones.
  static constexpr unsigned kMaxOutstanding = 32;

  QemuInput(GlibLoop& loop, std::string console_path) : loop_(loop), console_path_(std::move(console_path)) {}

  void key(const KeyEvent& event) override { push(event); }
  void move(const PointerMove& event) override { push(event); }
  void button(const PointerButton& event) override { push(event); }
  void set_locks(const LockState& locks) override { push(locks); }
  void release_all() override;

  // The rest on the D-Bus thread. Between connect() and disconnect() events flow; `on_idle` is told when the last call
  // that was under way at disconnect() has ended, so that nothing of this object is used any more.
  void connect(GDBusConnection* connection);
  void disconnect();
  [[nodiscard]] unsigned outstanding() const noexcept { return outstanding_; }
  void set_on_idle(std::function<void()> on_idle) { on_idle_ = std::move(on_idle); }
  void set_head(const HeadPlace& place) noexcept { head_ = place; }

 private:
  template <class Event>
  void push(const Event& event);
  void drain_soon();  // with mutex_ held
  void drain();
  void send(const InputEvent& event);
  void send_locks(const LockState& wanted);
  void call(const char* interface, const char* method, GVariant* arguments);
  static void on_reply(GObject* connection, GAsyncResult* result, gpointer self);
  void ask_modifiers();
  static void on_modifiers(GObject* connection, GAsyncResult* result, gpointer self);
  static void on_properties_changed(GDBusConnection* connection, const char* sender, const char* path,
                                    const char* interface, const char* signal, GVariant* parameters, gpointer self);
  void ended();

  GlibLoop& loop_;
  const std::string console_path_;

  std::mutex mutex_;
  InputQueue queue_;
  bool drain_posted_ = false;
  bool connected_ = false;

  // D-Bus thread only.
  GRef<GDBusConnection> connection_;
  GRef<GCancellable> cancellable_;  // of every call: the connection is others' as well and stays open
  unsigned subscription_ = 0;
  unsigned outstanding_ = 0;
  unsigned modifiers_ = 0;  // the guest's lights, as last heard; what we pressed since is counted in
  HeadPlace head_;
  std::function<void()> on_idle_;
};

}  // namespace tobari::display
