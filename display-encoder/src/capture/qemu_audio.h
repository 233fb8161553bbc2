// SPDX-License-Identifier: GPL-3.0-or-later
// The sound of a virtual machine (org.qemu.Display1.Audio): registers a listener when somebody first wants to hear, on
// a connection that QEMU calls, as for the picture. A machine without a sound card on its display has no such object;
// it is silent, and nothing else comes of it. Internal to capture.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include <gio/gio.h>

#include <tobari/base/unique_fd.h>
#include <tobari/display/audio_source.h>

#include "capture/glib_handle.h"
#include "capture/glib_loop.h"
#include "capture/qemu_audio_listener.h"

namespace tobari::display {

class QemuAudio final : public AudioSource, private AudioEvents {
 public:
  explicit QemuAudio(GlibLoop& loop) : loop_(loop), cancellable_(g_cancellable_new()) {}

  // Once registered the listener stays: QEMU knows one such listener, and would refuse the next until it noticed that
  // the former is gone. Between stop() and start() its calls come to nothing.
  [[nodiscard]] Result<void> start(AudioEvents& events) override;
  void stop() noexcept override;

  // The rest on the D-Bus thread. `on_idle` is told when the last callback that was under way at disconnect() has come,
  // so that nothing of this object is used any more.
  void connect(GDBusConnection* connection);
  void disconnect();
  [[nodiscard]] unsigned outstanding() const noexcept { return outstanding_; }
  void set_on_idle(std::function<void()> on_idle) { on_idle_ = std::move(on_idle); }

 private:
  void register_soon();  // with mutex_ held
  void register_listener();
  [[nodiscard]] Result<void> try_register();
  static void on_registered(GObject* source, GAsyncResult* result, gpointer self);
  static void on_connected(GObject* source, GAsyncResult* result, gpointer self);
  static void on_closed(GDBusConnection* connection, gboolean vanished, GError* error, gpointer self);
  void ended();

  void on_audio(const AudioBlock& block) override;  // of the listener

  GlibLoop& loop_;

  std::mutex mutex_;
  AudioEvents* events_ = nullptr;  // null: nobody hears
  bool connected_ = false;
  bool asked_ = false;  // register_listener() was posted

  // D-Bus thread only.
  GRef<GCancellable> cancellable_;
  GRef<GDBusConnection> connection_;  // on which we call
  GRef<GSocket> socket_;              // on which QEMU calls
  GRef<GDBusConnection> theirs_;
  std::unique_ptr<QemuAudioListener> listener_;
  unsigned outstanding_ = 0;
  std::function<void()> on_idle_;
};

}  // namespace tobari::display
