// SPDX-License-Identifier: GPL-3.0-or-later
// The connection to one QEMU on which we call, and the thread that serves it and everything else of its consoles. One
// for all heads of a machine: QEMU has its objects on the newest connection only. Internal to capture.
#pragma once

#include <optional>
#include <vector>

#include <tobari/base/unique_fd.h>

#include "capture/glib_handle.h"
#include "capture/glib_loop.h"

namespace tobari::display {

// A socket, and the D-Bus connection on it once the handshake is done.
struct QemuPeer {
  GRef<GSocket> socket;
  GRef<GDBusConnection> connection;

  // Begins a handshake as the client; `done` is called with `data` when it has ended, whatever becomes of it.
  [[nodiscard]] Result<void> begin(UniqueFd fd, GDBusConnectionFlags flags, GCancellable* cancellable,
                                   GAsyncReadyCallback done, gpointer data);
  [[nodiscard]] Result<void> end(GAsyncResult* result, const char* doing_what);  // in `done`
  void shut_down();  // ends it where it cannot block: at the socket. GDBus then says "closed"
  void drop();
};

// What uses the link: one head. Called on the link's thread.
class QemuLinkUser {
 public:
  virtual void on_link_open(GDBusConnection* connection) = 0;
  virtual void on_link_lost(const Error& reason) = 0;

 protected:
  ~QemuLinkUser() = default;
};

class QemuLink {
 public:
  explicit QemuLink(UniqueFd connection) : fd_(std::move(connection)), cancellable_(g_cancellable_new()) {}
  ~QemuLink();  // on any thread but the link's own, when no user is left
  QemuLink(const QemuLink&) = delete;
  QemuLink& operator=(const QemuLink&) = delete;

  // One thread starts and stops the users of a link.
  void start();
  [[nodiscard]] GlibLoop& loop() noexcept { return loop_; }

  // ---- on the link's thread
  void join(QemuLinkUser& user);  // it is told that the link is open, or lost, now or when it is
  void leave(QemuLinkUser& user) { std::erase(users_, &user); }

 private:
  void connect();
  static void on_connected(GObject* source, GAsyncResult* result, gpointer self);
  static void on_closed(GDBusConnection* connection, gboolean vanished, GError* error, gpointer self);
  void lose(const Error& reason);
  void shut_down();
  void quit_when_idle();

  UniqueFd fd_;  // until connect()
  GlibLoop loop_;

  // The link's thread only.
  GRef<GCancellable> cancellable_;
  QemuPeer peer_;
  std::vector<QemuLinkUser*> users_;
  std::optional<Error> lost_;
  bool pending_ = false;  // the handshake, then the open connection: a callback will come
  bool stopping_ = false;
};

}  // namespace tobari::display
