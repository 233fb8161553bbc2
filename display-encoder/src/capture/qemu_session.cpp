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

constexpr int kLast = G_PRIORITY_LOW;
constexpr const char* kConsole = "org.qemu.Display1.Console";

}  // namespace

QemuSession::QemuSession(std::shared_ptr<QemuLink> link, unsigned console)
    : console_path_(std::format("/org/qemu/Display1/Console_{}", console)),
      link_(std::move(link)),
      loop_(link_->loop()),
      input_(loop_, console_path_),
      audio_(loop_),
      cancellable_(g_cancellable_new()) {
  input_.set_on_idle([this] { finish_when_idle(); });
  audio_.set_on_idle([this] { finish_when_idle(); });
}

Result<void> QemuSession::start(SourceEvents& events) {
  if (started_) return fail(Errc::kInvalidArgument, "the source was started already");
  started_ = true;
  events_ = &events;
  link_->start();
  loop_.post([this] { link_->join(*this); });
  return {};
}

void QemuSession::stop() noexcept {
  if (!started_ || std::exchange(stopped_, true)) return;
  loop_.post([this] { shut_down(); });
  finished_->get_future().wait();
}

void QemuSession::on_link_open(GDBusConnection* connection) {
  if (stopping_ || lost_) return;
  g_object_ref(connection);
  ours_.reset(connection);
  input_.connect(connection);
  audio_.connect(connection);
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
  TOBARI_TRY(theirs_.begin(std::move(here),
                           static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                             G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING),
                           cancellable_.get(), on_listener_connected, this));
  pending_ += 2;  // the listener's handshake and the registration
  g_dbus_connection_call_with_unix_fd_list(ours_.get(), nullptr, console_path_.c_str(), kConsole, "RegisterListener",
                                           g_variant_new("(h)", handle), nullptr, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                                           fds.get(), cancellable_.get(), on_registered, this);
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
    if (auto ended = session.theirs_.end(result, "connect the display's listener"); !ended) {
      session.lose(std::move(ended).error());
      return session.operation_ended();
    }
    // The handshake was one pending thing, the open connection is the next: the count stays. It is watched even when we
    // are going away meanwhile: its end is waited for.
    g_signal_connect(session.theirs_.connection.get(), "closed", G_CALLBACK(on_closed), self);
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

// What was under way ends by itself then: calls by being cancelled, the listener's connection by being "closed".
void QemuSession::hang_up() {
  listener_.reset();
  input_.disconnect();
  audio_.disconnect();
  g_cancellable_cancel(cancellable_.get());
  theirs_.shut_down();
  ours_.reset();
}

void QemuSession::shut_down() {
  stopping_ = true;
  lost_ = true;
  events_ = nullptr;
  hang_up();
  surface_.drop();
  finish_when_idle();
}

void QemuSession::operation_ended() {
  --pending_;
  finish_when_idle();
}

void QemuSession::finish_when_idle() {
  const bool idle = pending_ == 0 && input_.outstanding() == 0 && audio_.outstanding() == 0;
  if (!stopping_ || !idle || std::exchange(finishing_, true)) return;
  link_->leave(*this);
  theirs_.drop();
  // After every task of ours that may still wait; nobody posts new ones.
  loop_.post([finished = finished_] { finished->set_value(); }, kLast);
}

}  // namespace tobari::display
