// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_link.h"

#include <utility>

#include <tobari/base/no_throw.h>

namespace tobari::display {

Result<void> QemuPeer::begin(UniqueFd fd, GDBusConnectionFlags flags, GCancellable* cancellable,
                             GAsyncReadyCallback done, gpointer data) {
  GError* error = nullptr;
  socket.reset(g_socket_new_from_fd(fd.get(), &error));
  const ErrorRef owned(error);
  if (socket == nullptr) return std::unexpected(to_error(Errc::kUnavailable, "use the display's socket", error));
  static_cast<void>(fd.release());  // the socket's now
  const GRef<GSocketConnection> stream(g_socket_connection_factory_create_connection(socket.get()));
  g_dbus_connection_new(G_IO_STREAM(stream.get()), nullptr, flags, nullptr, cancellable, done, data);
  return {};
}

Result<void> QemuPeer::end(GAsyncResult* result, const char* doing_what) {
  GError* error = nullptr;
  connection.reset(g_dbus_connection_new_finish(result, &error));
  const ErrorRef owned(error);
  if (connection == nullptr) return std::unexpected(to_error(Errc::kUnavailable, doing_what, error));
  return {};
}

void QemuPeer::shut_down() {
  if (socket != nullptr) g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr);
}

void QemuPeer::drop() {
  connection.reset();
  socket.reset();
}

QemuLink::~QemuLink() {
  if (!loop_.running()) return;
  loop_.post([this] { shut_down(); });
  loop_.join();
}

void QemuLink::start() {
  if (loop_.running()) return;
  loop_.post([this] { connect(); });
  loop_.start();
}

void QemuLink::join(QemuLinkUser& user) {
  users_.push_back(&user);
  if (lost_) {
    user.on_link_lost(*lost_);
  } else if (peer_.connection != nullptr) {
    user.on_link_open(peer_.connection.get());
  }
}

void QemuLink::connect() {
  const auto begun = peer_.begin(std::move(fd_), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, cancellable_.get(),
                                 on_connected, this);
  pending_ = begun.has_value();
  if (!begun) lose(begun.error());
}

void QemuLink::on_connected(GObject* /*source*/, GAsyncResult* result, gpointer self) {
  no_throw("connected to QEMU", [=] {
    auto& link = *static_cast<QemuLink*>(self);
    if (auto ended = link.peer_.end(result, "connect to the virtual machine's display"); !ended) {
      link.pending_ = false;
      link.lose(ended.error());
      return link.quit_when_idle();
    }
    // It is watched even when we are going away meanwhile: its end is waited for.
    g_signal_connect(link.peer_.connection.get(), "closed", G_CALLBACK(on_closed), self);
    if (link.stopping_) return;
    const auto users = link.users_;
    for (QemuLinkUser* user : users) user->on_link_open(link.peer_.connection.get());
  });
}

void QemuLink::on_closed(GDBusConnection* /*connection*/, gboolean /*vanished*/, GError* error, gpointer self) {
  no_throw("connection to QEMU closed", [=] {
    auto& link = *static_cast<QemuLink*>(self);
    link.pending_ = false;
    link.lose(to_error(Errc::kUnavailable, "the virtual machine's display is gone", error));
    link.quit_when_idle();
  });
}

void QemuLink::lose(const Error& reason) {
  if (lost_) return;
  lost_ = reason;
  const auto users = users_;
  for (QemuLinkUser* user : users) user->on_link_lost(reason);
}

void QemuLink::shut_down() {
  stopping_ = true;
  g_cancellable_cancel(cancellable_.get());
  peer_.shut_down();
  quit_when_idle();
}

void QemuLink::quit_when_idle() {
  if (!stopping_ || pending_) return;
  peer_.drop();
  loop_.quit();
}

}  // namespace tobari::display
