// SPDX-License-Identifier: GPL-3.0-or-later
// Serves org.qemu.Display1.Listener and its Unix.Map on one connection: decodes what QEMU calls, at once, on the thread
// whose default context it was made on. Internal to capture.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/frame.h>

#include "capture/qemu_scanout.h"

namespace tobari::display {

// A failure is QEMU's answer. kPeerProtocol means that nothing more should be believed; anything else that this one
// picture is not shown (QEMU then tries to send copies instead of sharing).
class QemuListenerHandler {
 public:
  virtual Result<void> on_scanout_map(UniqueFd fd, const Scanout& scanout) = 0;
  virtual Result<void> on_scanout(const Scanout& scanout, std::span<const std::byte> bytes) = 0;
  virtual void on_update_map(const Rect& rect) = 0;  // unclipped coordinates are cut by the caller's surface()
  virtual Result<void> on_update(const Rect& rect, Point skip, std::size_t stride,
                                 std::span<const std::byte> bytes) = 0;
  virtual void on_disable() = 0;
  virtual void on_cursor(CursorShape shape) = 0;
  virtual void on_mouse(bool visible) = 0;
  virtual void on_refused(const Error& error) = 0;  // after the answer went out

  [[nodiscard]] virtual Size surface() const = 0;

 protected:
  ~QemuListenerHandler() = default;
};

class QemuListener {
 public:
  // The connection must not process messages yet. `handler` outlives the result.
  [[nodiscard]] static Result<std::unique_ptr<QemuListener>> serve(GDBusConnection* connection,
                                                                   QemuListenerHandler& handler);
  ~QemuListener();
  QemuListener(const QemuListener&) = delete;
  QemuListener& operator=(const QemuListener&) = delete;

  // One call, as it came: `parameters` have the signature that the interface says, `fds` (may be null) is borrowed.
  [[nodiscard]] static Result<void> take(QemuListenerHandler& handler, std::string_view method, GVariant* parameters,
                                         GUnixFDList* fds);

 private:
  QemuListener(GDBusConnection* connection, QemuListenerHandler& handler);
  static void on_call(GDBusConnection* connection, const char* sender, const char* path, const char* interface,
                      const char* method, GVariant* parameters, GDBusMethodInvocation* invocation, gpointer self);
  static GVariant* on_get(GDBusConnection* connection, const char* sender, const char* path, const char* interface,
                          const char* property, GError** error, gpointer self);

  GDBusConnection* connection_;
  QemuListenerHandler& handler_;
  std::array<unsigned, 2> registrations_{};
};

}  // namespace tobari::display
