// SPDX-License-Identifier: GPL-3.0-or-later
// What QemuDbusSource is inside: one head. Its listener's connection, on which QEMU calls, and its part in the link
// (qemu_link.h), on which we call; the order in which they come up and go away. Internal to capture.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tobari/base/unique_fd.h>
#include <tobari/display/framebuffer_source.h>

#include "capture/damage_batch.h"
#include "capture/glib_handle.h"
#include "capture/glib_loop.h"
#include "capture/qemu_audio.h"
#include "capture/qemu_input.h"
#include "capture/qemu_link.h"
#include "capture/qemu_listener.h"
#include "capture/qemu_surface.h"

namespace tobari::display {

class QemuSession final : private QemuListenerHandler, private QemuLinkUser {
 public:
  QemuSession(std::shared_ptr<QemuLink> link, unsigned console);
  ~QemuSession() { stop(); }
  QemuSession(const QemuSession&) = delete;
  QemuSession& operator=(const QemuSession&) = delete;

  // The consumer's side, as FramebufferSource says.
  [[nodiscard]] Result<void> start(SourceEvents& events);
  void stop() noexcept;
  [[nodiscard]] Result<FrameView> acquire(const Region& wanted);
  void rest() noexcept { surface_.rest(); }
  [[nodiscard]] Result<void> request_mode(const SourceMode& mode);
  [[nodiscard]] InputSink& input() noexcept { return input_; }
  [[nodiscard]] AudioSource& audio() noexcept { return audio_; }

 private:
  // Coming up. QEMU waits for none of it: every step is a callback.
  void on_link_open(GDBusConnection* connection) override;
  void on_link_lost(const Error& reason) override { lose(reason); }
  [[nodiscard]] Result<void> register_listener();
  static void on_registered(GObject* source, GAsyncResult* result, gpointer self);
  static void on_listener_connected(GObject* source, GAsyncResult* result, gpointer self);

  // Going away.
  static void on_closed(GDBusConnection* connection, gboolean vanished, GError* error, gpointer self);
  void lose(Error reason);
  void hang_up();
  void shut_down();
  void operation_ended();
  void finish_when_idle();

  // What QEMU calls.
  Result<void> on_scanout_map(UniqueFd fd, const Scanout& scanout) override;
  Result<void> on_scanout(const Scanout& scanout, std::span<const std::byte> bytes) override;
  void on_update_map(const Rect& rect) override;
  Result<void> on_update(const Rect& rect, Point skip, std::size_t stride, std::span<const std::byte> bytes) override;
  void on_disable() override {}  // the last picture stays until there is another
  void on_cursor(CursorShape shape) override;
  void on_mouse(bool visible) override;
  void on_refused(const Error& error) override;
  [[nodiscard]] Size surface() const override { return announced_; }

  void announce(Size size);
  void damaged(const Rect& rect);
  void flush_damage();
  void send_mode();
  static void on_mode_answered(GObject* source, GAsyncResult* result, gpointer self);

  const std::string console_path_;
  SourceEvents* events_ = nullptr;  // null again once lost
  const std::shared_ptr<QemuLink> link_;
  GlibLoop& loop_;  // the link's
  bool started_ = false;
  bool stopped_ = false;
  // Fulfilled when the loop uses nothing of this object any more.
  const std::shared_ptr<std::promise<void>> finished_ = std::make_shared<std::promise<void>>();
  QemuSurface surface_;
  QemuInput input_;
  QemuAudio audio_;
  std::atomic<bool> resizable_{true};

  std::mutex mode_mutex_;
  std::optional<SourceMode> wanted_mode_;

  // D-Bus thread only.
  GRef<GCancellable> cancellable_;
  GRef<GDBusConnection> ours_;  // the link's
  QemuPeer theirs_;
  std::unique_ptr<QemuListener> listener_;
  unsigned pending_ = 0;  // callbacks that will still come, but for those of input_ and audio_
  bool stopping_ = false;
  bool finishing_ = false;
  bool lost_ = false;
  unsigned refusals_ = 0;
  Size announced_;
  DamageBatch damage_;
  bool flush_posted_ = false;
  std::optional<CursorShape> cursor_;
  std::optional<bool> cursor_visible_;
};

}  // namespace tobari::display
