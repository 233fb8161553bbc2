// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_audio.h"

#include <array>
#include <cerrno>
#include <utility>

#include <gio/gunixfdlist.h>
#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

namespace tobari::display {
namespace {
constexpr const char* kAudioPath = "/org/qemu/Display1/Audio";
constexpr const char* kInterface = "org.qemu.Display1.Audio";
}  // namespace

Result<void> QemuAudio::start(AudioEvents& events) {
  const std::lock_guard lock(mutex_);
  if (events_ != nullptr) return fail(Errc::kInvalidArgument, "the source is started already");
  events_ = &events;
  register_soon();
  return {};
}

// Events come under the lock, so that none is running when this returns.
void QemuAudio::stop() noexcept {
  const std::lock_guard lock(mutex_);
  events_ = nullptr;
}

void QemuAudio::on_audio(const AudioBlock& block) {
  const std::lock_guard lock(mutex_);
  if (events_ != nullptr) events_->on_audio(block);
}

void QemuAudio::register_soon() {
  if (!connected_ || events_ == nullptr || std::exchange(asked_, true)) return;
  loop_.post([this] { register_listener(); });
}

void QemuAudio::connect(GDBusConnection* connection) {
  g_object_ref(connection);
  connection_.reset(connection);
  const std::lock_guard lock(mutex_);
  connected_ = true;
  register_soon();
}

void QemuAudio::disconnect() {
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
  }
  listener_.reset();
  g_cancellable_cancel(cancellable_.get());
  if (socket_ != nullptr) g_socket_shutdown(socket_.get(), TRUE, TRUE, nullptr);
  connection_.reset();
}

void QemuAudio::register_listener() {
  if (connection_ == nullptr) return;
  if (const auto done = try_register(); !done) log::warning("no sound", {{"because", describe(done.error())}});
}

Result<void> QemuAudio::try_register() {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return fail_errno(errno, "make a socket for the sound's listener");
  }
  UniqueFd here(pair[0]);
  const UniqueFd there(pair[1]);
  GError* error = nullptr;
  const GRef<GUnixFDList> fds(g_unix_fd_list_new());
  const int handle = g_unix_fd_list_append(fds.get(), there.get(), &error);
  if (handle >= 0) socket_.reset(g_socket_new_from_fd(here.get(), &error));
  const ErrorRef owned(error);
  if (error != nullptr) return std::unexpected(to_error(Errc::kIo, "pass the sound listener's socket", error));
  static_cast<void>(here.release());  // the socket's now

  // As for the picture: QEMU does its side of the handshake, and asks for properties, in its main loop.
  const GRef<GSocketConnection> stream(g_socket_connection_factory_create_connection(socket_.get()));
  outstanding_ += 2;
  g_dbus_connection_new(G_IO_STREAM(stream.get()), nullptr,
                        static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                          G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING),
                        nullptr, cancellable_.get(), on_connected, this);
  g_dbus_connection_call_with_unix_fd_list(connection_.get(), nullptr, kAudioPath, kInterface, "RegisterOutListener",
                                           g_variant_new("(h)", handle), nullptr, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                                           fds.get(), cancellable_.get(), on_registered, this);
  return {};
}

void QemuAudio::on_registered(GObject* source, GAsyncResult* result, gpointer self) {
  no_throw("sound listener registered", [=] {
    auto& audio = *static_cast<QemuAudio*>(self);
    GError* error = nullptr;
    const VariantRef reply(
        g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(source), nullptr, result, &error));
    const ErrorRef owned(error);
    if (error != nullptr && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) == FALSE) {
      log::info("the virtual machine has no sound", {{"because", error->message}});
    }
    audio.ended();
  });
}

void QemuAudio::on_connected(GObject* /*source*/, GAsyncResult* result, gpointer self) {
  no_throw("sound listener connected", [=] {
    auto& audio = *static_cast<QemuAudio*>(self);
    GError* error = nullptr;
    audio.theirs_.reset(g_dbus_connection_new_finish(result, &error));
    const ErrorRef owned(error);
    if (audio.theirs_ == nullptr) return audio.ended();  // refused, which on_registered() says, or we are going away
    // The handshake was one outstanding thing, the open connection is the next: the count stays.
    g_signal_connect(audio.theirs_.get(), "closed", G_CALLBACK(on_closed), self);
    if (audio.connection_ != nullptr) {
      auto served = QemuAudioListener::serve(audio.theirs_.get(), static_cast<AudioEvents&>(audio));
      if (served) {
        audio.listener_ = std::move(*served);
      } else {
        log::warning("no sound", {{"because", describe(served.error())}});
      }
    }
    g_dbus_connection_start_message_processing(audio.theirs_.get());  // also to hear that it closes
  });
}

void QemuAudio::on_closed(GDBusConnection* /*connection*/, gboolean /*vanished*/, GError* /*error*/, gpointer self) {
  no_throw("sound listener closed", [=] {
    auto& audio = *static_cast<QemuAudio*>(self);
    audio.listener_.reset();
    audio.ended();
  });
}

void QemuAudio::ended() {
  if (--outstanding_ != 0) return;
  theirs_.reset();
  socket_.reset();
  if (on_idle_) on_idle_();
}

}  // namespace tobari::display
