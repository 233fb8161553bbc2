// SPDX-License-Identifier: GPL-3.0-or-later
// Life cycle: start, handshakes, loss, stop. What QEMU draws is in qemu_session_display.cpp.
#include "capture/qemu_session.h"

#include <array>
#include <cerrno>
#include <format>
#include <utility>

#include <gio/gunixfdlist.h>
#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

namespace tobari::display {
namespace {

constexpr const char* kConsole = "org.qemu.Display1.Console";

}  // namespace

QemuSession::QemuSession(UniqueFd connection, unsigned console)
    : console_path_(std::format("/org/qemu/Display1/Console_{}", console)),
      fd_(std::move(connection)),
      input_(loop_, console_path_),
      audio_(loop_),
      cancellable_(g_cancellable_new()) {
  input_.set_on_idle([this] { quit_when_idle(); });
  audio_.set_on_idle([this] { quit_when_idle(); });
}

Result<void> QemuSession::start(SourceEvents& events) {
  if (events_ != nullptr || !fd_) return fail(Errc::kInvalidArgument, "the source was started already");
  events_ = &events;
  loop_.post([this] { connect(); });
  loop_.start();
  return {};
}

void QemuSession::stop() noexcept {
  if (!loop_.running()) return;
  loop_.post([this] { shut_down(); });
  loop_.join();
}

void QemuSession::connect() {
  if (auto result = handshake(ours_, std::move(fd_), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, on_connected);
      !result.has_value()) {
    lose(std::move(result).error());
  }
}

Result<void> QemuSession::handshake(Peer& peer, UniqueFd fd, GDBusConnectionFlags flags, GAsyncReadyCallback done) {
  GError* error = nullptr;
  peer.socket.reset(g_socket_new_from_fd(fd.get(), &error));
  const ErrorRef owned(error);
  if (peer.socket == nullptr) return std::unexpected(to_error(Errc::kUnavailable, "use the display's socket", error));
  static_cast<void>(fd.release());  // the socket's now
  const GRef<GSocketConnection> stream(g_socket_connection_factory_create_connection(peer.socket.get()));
  ++pending_;
  g_dbus_connection_new(G_IO_STREAM(stream.get()), nullptr, flags, nullptr, cancellable_.get(), done, this);
  return {};
}

// Ends a handshake. A connection is kept and watched even when we are going away meanwhile: its end is waited for.
bool QemuSession::adopt(Peer& peer, GAsyncResult* result, const char* doing_what) {
  GError* error = nullptr;
  peer.connection.reset(g_dbus_connection_new_finish(result, &error));
  const ErrorRef owned(error);
  if (peer.connection == nullptr) {
    operation_ended();
    lose(to_error(Errc::kUnavailable, doing_what, error));
    return false;
  }
  // The handshake was one pending thing, the open connection is the next: the count stays.
  g_signal_connect(peer.connection.get(), "closed", G_CALLBACK(on_closed), this);
  return true;
}

void QemuSession::on_connected(GObject* /*source*/, GAsyncResult* result, gpointer self) {
  no_throw("connected to QEMU", [=] {
    auto& session = *static_cast<QemuSession*>(self);
    if (session.adopt(session.ours_, result, "connect to the virtual machine's display") && !session.stopping_) {
      session.connected();
    }
  });
}

void QemuSession::connected() {
  input_.connect(ours_.connection.get());
  audio_.connect(ours_.connection.get());
  if (auto result = register_listener(); !result.has_value()) {
    lose(std::move(result).error());
    return;
  }
  send_mode();
}

Result<void> QemuSession::register_listener() {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return fail_errno(errno, "make a socket for the display's listener");
  }
  UniqueFd here(pair[0]);
  const UniqueFd there(pair[1]);
  const GRef<GUnixFDList> fds(g_unix_fd_list_new());
  GError* error = nullptr;
  const int handle = g_unix_fd_list_append(fds.get(), there.get(), &error);
  const ErrorRef owned(error);
  if (handle < 0) return std::unexpected(to_error(Errc::kIo, "pass the listener's socket", error));

  // QEMU will do its side of this handshake, and ask for our properties, in its main loop: nothing of ours may be
  // missing by then, so messages wait until the listener is served.
  TOBARI_TRY(handshake(theirs_, std::move(here),
                       static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                         G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING),
                       on_listener_connected));
  ++pending_;
  g_dbus_connection_call_with_unix_fd_list(ours_.connection.get(), nullptr, console_path_.c_str(), kConsole,
                                           "RegisterListener", g_variant_new("(h)", handle), nullptr,
                                           G_DBUS_CALL_FLAGS_NONE, G_MAXINT, fds.get(), cancellable_.get(),
                                           on_registered, this);
  return {};
}

void QemuSession::on_registered(GObject* source, GAsyncResult* result, gpointer self) {
  no_throw("listener registered", [=] {
    auto& session = *static_cast<QemuSession*>(self);
    GError* error = nullptr;
    const VariantRef reply(
        g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(source), nullptr, result, &error));
    const ErrorRef owned(error);
    if (error != nullptr) session.lose(to_error(Errc::kUnavailable, "watch the virtual machine's console", error));
    session.operation_ended();
  });
}

void QemuSession::on_listener_connected(GObject* /*source*/, GAsyncResult* result, gpointer self) {
  no_throw("listener connected", [=] {
    auto& session = *static_cast<QemuSession*>(self);
    if (!session.adopt(session.theirs_, result, "connect the display's listener")) return;
    GDBusConnection* connection = session.theirs_.connection.get();
    if (!session.stopping_) {
      auto listener = QemuListener::serve(connection, session);
      if (listener.has_value()) {
        session.listener_ = std::move(listener).value();
      } else {
        session.lose(std::move(listener).error());
      }
    }
    g_dbus_connection_start_message_processing(connection);  // also to hear that it closes
  });
}

void QemuSession::on_closed(GDBusConnection* /*connection*/, gboolean /*vanished*/, GError* error, gpointer self) {
  no_throw("connection to QEMU closed", [=] {
    auto& session = *static_cast<QemuSession*>(self);
    session.lose(to_error(Errc::kUnavailable, "the virtual machine's display is gone", error));
    session.operation_ended();
  });
}

void QemuSession::lose(Error reason) {
  if (std::exchange(lost_, true)) return;
  flush_damage();
  hang_up();
  SourceEvents* events = std::exchange(events_, nullptr);
  if (events == nullptr || stopping_) return;
  log::warning("display source lost", {{"reason", describe(reason)}});
  events->on_lost(reason);
}

// Ends both connections where it cannot block: at the sockets. GDBus then says "closed" for each.
void QemuSession::hang_up() {
  listener_.reset();
  input_.disconnect();
  audio_.disconnect();
  g_cancellable_cancel(cancellable_.get());
  for (const Peer* peer : {&ours_, &theirs_}) {
    if (peer->socket != nullptr) g_socket_shutdown(peer->socket.get(), TRUE, TRUE, nullptr);
  }
}

void QemuSession::shut_down() {
  stopping_ = true;
  lost_ = true;
  events_ = nullptr;
  hang_up();
  surface_.drop();
  quit_when_idle();
}

void QemuSession::operation_ended() {
  --pending_;
  quit_when_idle();
}

void QemuSession::quit_when_idle() {
  if (!stopping_ || pending_ != 0 || input_.outstanding() != 0 || audio_.outstanding() != 0) return;
  for (Peer* peer : {&ours_, &theirs_}) {
    peer->connection.reset();
    peer->socket.reset();
  }
  loop_.quit();
}

}  // namespace tobari::display
