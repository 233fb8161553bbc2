// SPDX-License-Identifier: GPL-3.0-or-later
#include "fake_qemu.h"

#include <array>
#include <chrono>
#include <format>
#include <future>
#include <string_view>

#include <gio/gunixfdlist.h>
#include <sys/socket.h>

#include <tobari/base/invariant.h>

namespace tobari::display {
namespace {

constexpr int kTimeoutMs = 1000;  // QEMU's DBUS_DEFAULT_TIMEOUT
constexpr const char* kListener = "org.qemu.Display1.Listener";
constexpr const char* kMap = "org.qemu.Display1.Listener.Unix.Map";
constexpr const char* kConsolePath = "/org/qemu/Display1/Console_0";
constexpr const char* kAudioPath = "/org/qemu/Display1/Audio";

constexpr const char* kConsole = R"(
<node>
  <interface name="org.qemu.Display1.Console">
    <method name="RegisterListener"><arg type="h" direction="in"/></method>
    <method name="SetUIInfo">
      <arg type="q" direction="in"/><arg type="q" direction="in"/><arg type="i" direction="in"/>
      <arg type="i" direction="in"/><arg type="u" direction="in"/><arg type="u" direction="in"/>
    </method>
  </interface>
  <interface name="org.qemu.Display1.Keyboard">
    <method name="Press"><arg type="u" direction="in"/></method>
    <method name="Release"><arg type="u" direction="in"/></method>
    <property name="Modifiers" type="u" access="read"/>
  </interface>
  <interface name="org.qemu.Display1.Mouse">
    <method name="Press"><arg type="u" direction="in"/></method>
    <method name="Release"><arg type="u" direction="in"/></method>
    <method name="SetAbsPosition"><arg type="u" direction="in"/><arg type="u" direction="in"/></method>
  </interface>
</node>)";

constexpr const char* kAudio = R"(
<node>
  <interface name="org.qemu.Display1.Audio">
    <method name="RegisterOutListener"><arg type="h" direction="in"/></method>
  </interface>
</node>)";

GVariant* bytes(std::size_t count, unsigned char fill) {
  const std::vector<unsigned char> data(count, fill);
  return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data.data(), data.size(), 1);
}

GRef<GDBusConnection> server_connection(UniqueFd fd) {
  const GRef<GSocket> socket(g_socket_new_from_fd(fd.release(), nullptr));
  const GRef<GSocketConnection> stream(g_socket_connection_factory_create_connection(socket.get()));
  char* const guid = g_dbus_generate_guid();
  GRef<GDBusConnection> connection(
      g_dbus_connection_new_sync(G_IO_STREAM(stream.get()), guid,
                                 static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                                                   G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING),
                                 nullptr, nullptr, nullptr));
  g_free(guid);
  return connection;
}

}  // namespace

FakeQemu::FakeQemu(Sound sound) : sound_(sound) {
  std::array<int, 2> pair{};
  TOBARI_INVARIANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  client_fd_.reset(pair[0]);
  loop_.post([this, fd = pair[1]] { serve(UniqueFd(fd)); });
  loop_.start();
}

FakeQemu::~FakeQemu() {
  hang_up();
  answer_everything();
  run_on_loop([this] {
    console_.reset();
    listener_.reset();
    ears_.reset();
  });
  loop_.post([this] { loop_.quit(); }, G_PRIORITY_LOW);  // after what the connections' ends still bring
  loop_.join();
}

void FakeQemu::run_on_loop(const std::function<void()>& task) {
  std::promise<void> done;
  loop_.post([&task, &done] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void FakeQemu::serve(UniqueFd fd) {
  console_ = server_connection(std::move(fd));
  if (console_ == nullptr) return;  // the other side left during the handshake
  static constexpr GDBusInterfaceVTable kVtable{on_method, on_property, nullptr, {}};
  static GDBusNodeInfo* const node = g_dbus_node_info_new_for_xml(kConsole, nullptr);
  for (int i = 0; node->interfaces[i] != nullptr; ++i) {
    g_dbus_connection_register_object(console_.get(), kConsolePath, node->interfaces[i], &kVtable, this, nullptr,
                                      nullptr);
  }
  if (sound_ == Sound::kCard) {
    static GDBusNodeInfo* const audio = g_dbus_node_info_new_for_xml(kAudio, nullptr);
    g_dbus_connection_register_object(console_.get(), kAudioPath, audio->interfaces[0], &kVtable, this, nullptr,
                                      nullptr);
  }
  g_dbus_connection_start_message_processing(console_.get());
}

GVariant* FakeQemu::on_property(GDBusConnection*, const char*, const char*, const char*, const char*, GError**,
                                gpointer self) {
  return g_variant_new_uint32(static_cast<FakeQemu*>(self)->modifiers_);
}

void FakeQemu::on_method(GDBusConnection*, const char*, const char*, const char* interface, const char* method,
                         GVariant* parameters, GDBusMethodInvocation* invocation, gpointer self) {
  auto& fake = *static_cast<FakeQemu*>(self);
  if (std::string_view(method) == "RegisterListener") {
    fake.register_listener(invocation, parameters, fake.listener_);
    return;
  }
  if (std::string_view(method) == "RegisterOutListener") {
    fake.register_listener(invocation, parameters, fake.ears_);
    return;
  }
  const std::string_view name(interface);
  std::string call = std::format("{}.{}", name.substr(name.rfind('.') + 1), method);
  if (std::string_view(method) == "SetUIInfo") {
    unsigned width = 0;
    unsigned height = 0;
    g_variant_get_child(parameters, 4, "u", &width);
    g_variant_get_child(parameters, 5, "u", &height);
    call += std::format(" {} {}", width, height);
  } else {
    for (gsize i = 0; i < g_variant_n_children(parameters); ++i) {
      unsigned value = 0;
      g_variant_get_child(parameters, i, "u", &value);
      call += std::format(" {}", value);
    }
  }
  const bool refused = std::string_view(method) == "SetUIInfo" && !fake.resizable_;
  {
    const std::lock_guard lock(fake.mutex_);
    fake.calls_.push_back(call);
    if (!fake.answering_) fake.unanswered_.push_back(invocation);
    fake.changed_.notify_all();
    if (!fake.answering_) return;
  }
  if (refused) {
    g_dbus_method_invocation_return_dbus_error(invocation, "org.qemu.Display1.Error.Unsupported", "no");
  } else {
    g_dbus_method_invocation_return_value(invocation, nullptr);
  }
}

// As QEMU does it: answers, then does the handshake in its main loop, waiting.
void FakeQemu::register_listener(GDBusMethodInvocation* invocation, GVariant* parameters, GRef<GDBusConnection>& as) {
  int handle = -1;
  g_variant_get_child(parameters, 0, "h", &handle);
  GUnixFDList* const fds = g_dbus_message_get_unix_fd_list(g_dbus_method_invocation_get_message(invocation));
  UniqueFd fd(g_unix_fd_list_get(fds, handle, nullptr));
  g_dbus_method_invocation_return_value(invocation, nullptr);
  GRef<GDBusConnection> connection = server_connection(std::move(fd));
  if (connection == nullptr) return;
  g_dbus_connection_start_message_processing(connection.get());
  const std::lock_guard lock(mutex_);
  as = std::move(connection);
  changed_.notify_all();
}

bool FakeQemu::wait_for_listener() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return listener_ != nullptr; });
}

std::string FakeQemu::call(const char* interface, const char* method, GVariant* arguments, int fd) {
  GRef<GUnixFDList> fds;
  if (fd >= 0) {
    fds.reset(g_unix_fd_list_new());
    g_unix_fd_list_append(fds.get(), fd, nullptr);
  }
  GError* error = nullptr;
  const VariantRef reply(g_dbus_connection_call_with_unix_fd_list_sync(
      listener_.get(), nullptr, "/org/qemu/Display1/Listener", interface, method, arguments, nullptr,
      G_DBUS_CALL_FLAGS_NONE, kTimeoutMs, fds.get(), nullptr, nullptr, &error));
  const ErrorRef owned(error);
  if (error == nullptr) return "";
  char* const remote = g_dbus_error_get_remote_error(error);
  std::string name = remote != nullptr ? remote : error->message;
  g_free(remote);
  return name;
}

std::string FakeQemu::scanout_map(int fd, unsigned offset, unsigned width, unsigned height, unsigned stride,
                                  unsigned format) {
  return call(kMap, "ScanoutMap", g_variant_new("(huuuuu)", 0, offset, width, height, stride, format), fd);
}

std::string FakeQemu::scanout(unsigned width, unsigned height, unsigned stride, unsigned format, std::size_t count,
                              unsigned char fill) {
  return call(kListener, "Scanout", g_variant_new("(uuuu@ay)", width, height, stride, format, bytes(count, fill)));
}

void FakeQemu::send_update_map(int x, int y, int width, int height) {
  g_dbus_connection_call(listener_.get(), nullptr, "/org/qemu/Display1/Listener", kMap, "UpdateMap",
                         g_variant_new("(iiii)", x, y, width, height), nullptr, G_DBUS_CALL_FLAGS_NONE, kTimeoutMs,
                         nullptr, nullptr, nullptr);
}

void FakeQemu::flush() { g_dbus_connection_flush_sync(listener_.get(), nullptr, nullptr); }

std::string FakeQemu::update(int x, int y, int width, int height, unsigned stride, std::size_t count,
                             unsigned char fill) {
  return call(kListener, "Update",
              g_variant_new("(iiiiuu@ay)", x, y, width, height, stride, 0x20020888U, bytes(count, fill)));
}

std::string FakeQemu::cursor(int width, int height, std::size_t count, unsigned char fill) {
  return call(kListener, "CursorDefine", g_variant_new("(iiii@ay)", width, height, 1, 2, bytes(count, fill)));
}

std::string FakeQemu::mouse(bool visible) {
  return call(kListener, "MouseSet", g_variant_new("(iii)", 5, 6, visible ? 1 : 0));
}

bool FakeQemu::wait_for_ears() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ears_ != nullptr; });
}

void FakeQemu::tell_ears(const char* method, GVariant* arguments) {
  g_dbus_connection_call(ears_.get(), nullptr, "/org/qemu/Display1/AudioOutListener",
                         "org.qemu.Display1.AudioOutListener", method, arguments, nullptr, G_DBUS_CALL_FLAGS_NONE,
                         kTimeoutMs, nullptr, nullptr, nullptr);
}

void FakeQemu::play_voice(std::uint64_t id, unsigned rate, unsigned channels, unsigned bits, bool is_signed) {
  const unsigned frame = channels * bits / 8;
  tell_ears("Init", g_variant_new("(tybbuyuub)", id, bits, is_signed ? TRUE : FALSE, FALSE, rate, channels, frame,
                                  rate * frame, FALSE));
}

void FakeQemu::end_voice(std::uint64_t id) { tell_ears("Fini", g_variant_new("(t)", id)); }

void FakeQemu::set_volume(std::uint64_t id, bool muted, const std::vector<unsigned char>& volume) {
  tell_ears("SetVolume",
            g_variant_new("(tb@ay)", id, muted ? TRUE : FALSE,
                          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, volume.data(), volume.size(), 1)));
}

void FakeQemu::play(std::uint64_t id, std::span<const std::int16_t> samples) {
  tell_ears("Write",
            g_variant_new("(t@ay)", id,
                          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, samples.data(), samples.size_bytes(), 1)));
}

void FakeQemu::flush_sound() {
  // Answers come in order: whatever was sent before this was taken.
  const VariantRef reply(g_dbus_connection_call_sync(
      ears_.get(), nullptr, "/org/qemu/Display1/AudioOutListener", "org.qemu.Display1.AudioOutListener", "Fini",
      g_variant_new("(t)", ~std::uint64_t{0}), nullptr, G_DBUS_CALL_FLAGS_NONE, 20 * kTimeoutMs, nullptr, nullptr));
}

void FakeQemu::set_modifiers(unsigned modifiers) {
  modifiers_ = modifiers;
  GVariantBuilder changed;
  g_variant_builder_init(&changed, G_VARIANT_TYPE("a{sv}"));
  g_variant_builder_add(&changed, "{sv}", "Modifiers", g_variant_new_uint32(modifiers));
  g_dbus_connection_emit_signal(console_.get(), nullptr, kConsolePath, "org.freedesktop.DBus.Properties",
                                "PropertiesChanged",
                                g_variant_new("(sa{sv}as)", "org.qemu.Display1.Keyboard", &changed, nullptr), nullptr);
}

std::vector<std::string> FakeQemu::listener_interfaces() {
  const VariantRef reply(g_dbus_connection_call_sync(listener_.get(), nullptr, "/org/qemu/Display1/Listener",
                                                     "org.freedesktop.DBus.Properties", "GetAll",
                                                     g_variant_new("(s)", kListener), G_VARIANT_TYPE("(a{sv})"),
                                                     G_DBUS_CALL_FLAGS_NONE, kTimeoutMs, nullptr, nullptr));
  std::vector<std::string> result;
  if (reply == nullptr) return result;
  const VariantRef all(g_variant_get_child_value(reply.get(), 0));
  const VariantRef interfaces(g_variant_lookup_value(all.get(), "Interfaces", G_VARIANT_TYPE_STRING_ARRAY));
  if (interfaces == nullptr) return result;
  for (gsize i = 0; i < g_variant_n_children(interfaces.get()); ++i) {
    const VariantRef one(g_variant_get_child_value(interfaces.get(), i));
    result.emplace_back(g_variant_get_string(one.get(), nullptr));
  }
  return result;
}

std::vector<std::string> FakeQemu::wait_for_calls(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(20), [this, count] { return calls_.size() >= count; });
  return calls_;
}

std::size_t FakeQemu::calls_so_far() {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

void FakeQemu::answer_everything() {
  answering_ = true;
  std::vector<GDBusMethodInvocation*> late;
  {
    const std::lock_guard lock(mutex_);
    late.swap(unanswered_);
  }
  for (GDBusMethodInvocation* invocation : late) g_dbus_method_invocation_return_value(invocation, nullptr);
}

void FakeQemu::hang_up() {
  run_on_loop([this] {
    const std::lock_guard lock(mutex_);
    for (const auto* connection : {&console_, &listener_, &ears_}) {
      if (*connection != nullptr) g_dbus_connection_close(connection->get(), nullptr, nullptr, nullptr);
    }
  });
}

}  // namespace tobari::display
