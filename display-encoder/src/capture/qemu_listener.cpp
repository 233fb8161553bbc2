// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_listener.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <tobari/base/no_throw.h>

#include "capture/cursor_alpha.h"
#include "capture/glib_handle.h"

namespace tobari::display {
namespace {

constexpr const char* kPath = "/org/qemu/Display1/Listener";
constexpr const char* kMapInterface = "org.qemu.Display1.Listener.Unix.Map";
constexpr const char* kErrorName = "org.qemu.Display1.Error.Unsupported";

// Only what we serve; GDBus checks every call's signature against it before we see it.
constexpr const char* kIntrospection = R"(
<node>
  <interface name="org.qemu.Display1.Listener">
    <method name="Scanout">
      <arg type="u" direction="in"/><arg type="u" direction="in"/><arg type="u" direction="in"/>
      <arg type="u" direction="in"/><arg type="ay" direction="in"/>
    </method>
    <method name="Update">
      <arg type="i" direction="in"/><arg type="i" direction="in"/><arg type="i" direction="in"/>
      <arg type="i" direction="in"/><arg type="u" direction="in"/><arg type="u" direction="in"/>
      <arg type="ay" direction="in"/>
    </method>
    <method name="Disable"/>
    <method name="MouseSet">
      <arg type="i" direction="in"/><arg type="i" direction="in"/><arg type="i" direction="in"/>
    </method>
    <method name="CursorDefine">
      <arg type="i" direction="in"/><arg type="i" direction="in"/><arg type="i" direction="in"/>
      <arg type="i" direction="in"/><arg type="ay" direction="in"/>
    </method>
    <property name="Interfaces" type="as" access="read"/>
  </interface>
  <interface name="org.qemu.Display1.Listener.Unix.Map">
    <method name="ScanoutMap">
      <arg type="h" direction="in"/><arg type="u" direction="in"/><arg type="u" direction="in"/>
      <arg type="u" direction="in"/><arg type="u" direction="in"/><arg type="u" direction="in"/>
    </method>
    <method name="UpdateMap">
      <arg type="i" direction="in"/><arg type="i" direction="in"/><arg type="i" direction="in"/>
      <arg type="i" direction="in"/>
    </method>
  </interface>
</node>)";

GDBusNodeInfo* introspection() {
  static GDBusNodeInfo* const node = g_dbus_node_info_new_for_xml(kIntrospection, nullptr);  // lives as long as we do
  return node;
}

std::uint32_t u32_at(GVariant* tuple, std::size_t index) {
  std::uint32_t value = 0;
  g_variant_get_child(tuple, index, "u", &value);
  return value;
}

std::int32_t i32_at(GVariant* tuple, std::size_t index) {
  std::int32_t value = 0;
  g_variant_get_child(tuple, index, "i", &value);
  return value;
}

// Bytes inside the message itself: nothing is copied or decoded. `owner` keeps them alive.
std::span<const std::byte> bytes_at(GVariant* tuple, std::size_t index, VariantRef& owner) {
  owner.reset(g_variant_get_child_value(tuple, index));
  gsize count = 0;
  const void* data = g_variant_get_fixed_array(owner.get(), &count, 1);
  return {static_cast<const std::byte*>(data), count};
}

Result<void> scanout_map(QemuListenerHandler& handler, GVariant* parameters, GUnixFDList* fds) {
  TOBARI_ASSIGN(const Scanout scanout,
                check_scanout(u32_at(parameters, 2), u32_at(parameters, 3), u32_at(parameters, 4),
                              u32_at(parameters, 5), u32_at(parameters, 1)));
  std::int32_t handle = -1;
  g_variant_get_child(parameters, 0, "h", &handle);
  if (fds == nullptr || handle < 0 || handle >= g_unix_fd_list_get_length(fds)) {
    return fail(Errc::kPeerProtocol, "a shared picture without a descriptor");
  }
  UniqueFd fd(g_unix_fd_list_get(fds, handle, nullptr));
  if (!fd) return fail_errno(errno, "take the descriptor of the shared picture");
  return handler.on_scanout_map(std::move(fd), scanout);
}

Result<void> scanout(QemuListenerHandler& handler, GVariant* parameters) {
  TOBARI_ASSIGN(const Scanout scanout, check_scanout(u32_at(parameters, 0), u32_at(parameters, 1),
                                                     u32_at(parameters, 2), u32_at(parameters, 3), 0));
  VariantRef owner;
  return handler.on_scanout(scanout, bytes_at(parameters, 4, owner));
}

Result<void> update(QemuListenerHandler& handler, GVariant* parameters) {
  const std::int32_t x = i32_at(parameters, 0);
  const std::int32_t y = i32_at(parameters, 1);
  const std::int32_t width = i32_at(parameters, 2);
  const std::int32_t height = i32_at(parameters, 3);
  if (width <= 0 || height <= 0) return {};
  TOBARI_ASSIGN(const Scanout block,
                check_scanout(static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height),
                              u32_at(parameters, 4), u32_at(parameters, 5), 0));
  const Rect rect = clip_update(x, y, width, height, handler.surface());
  if (rect.empty()) return {};
  VariantRef owner;
  return handler.on_update(rect, {rect.x - x, rect.y - y}, block.stride, bytes_at(parameters, 6, owner));
}

Result<void> cursor(QemuListenerHandler& handler, GVariant* parameters) {
  const Size size{i32_at(parameters, 0), i32_at(parameters, 1)};
  if (size.width <= 0 || size.height <= 0 || size.width > kMaxCursorSide || size.height > kMaxCursorSide) {
    return fail(Errc::kInvalidArgument, "a pointer of that size cannot be shown");
  }
  VariantRef owner;
  const auto bytes = bytes_at(parameters, 4, owner);
  CursorShape shape{size, {i32_at(parameters, 2), i32_at(parameters, 3)}, {}};
  shape.argb.resize(static_cast<std::size_t>(size.area()));
  if (bytes.size() < shape.argb.size() * sizeof(std::uint32_t)) {
    return fail(Errc::kPeerProtocol, "the pointer is shorter than it says");
  }
  std::memcpy(shape.argb.data(), bytes.data(), shape.argb.size() * sizeof(std::uint32_t));
  if (looks_premultiplied(shape.argb)) unpremultiply(shape.argb);
  shape.hotspot.x = std::clamp(shape.hotspot.x, 0, size.width - 1);
  shape.hotspot.y = std::clamp(shape.hotspot.y, 0, size.height - 1);
  handler.on_cursor(std::move(shape));
  return {};
}

}  // namespace

QemuListener::QemuListener(GDBusConnection* connection, QemuListenerHandler& handler)
    : connection_(connection), handler_(handler) {
  g_object_ref(connection_);
}

QemuListener::~QemuListener() {
  for (const unsigned registration : registrations_) {
    if (registration != 0) g_dbus_connection_unregister_object(connection_, registration);
  }
  g_object_unref(connection_);
}

Result<std::unique_ptr<QemuListener>> QemuListener::serve(GDBusConnection* connection, QemuListenerHandler& handler) {
  static constexpr GDBusInterfaceVTable kVtable{on_call, on_get, nullptr, {}};
  std::unique_ptr<QemuListener> listener(new QemuListener(connection, handler));
  for (std::size_t i = 0; i < listener->registrations_.size(); ++i) {
    GError* error = nullptr;
    listener->registrations_[i] = g_dbus_connection_register_object(connection, kPath, introspection()->interfaces[i],
                                                                    &kVtable, listener.get(), nullptr, &error);
    const ErrorRef owned(error);
    if (error != nullptr) return std::unexpected(to_error(Errc::kInternal, "serve the display listener", error));
  }
  return listener;
}

GVariant* QemuListener::on_get(GDBusConnection* /*connection*/, const char* /*sender*/, const char* /*path*/,
                               const char* /*interface*/, const char* /*property*/, GError** /*error*/,
                               gpointer /*self*/) {
  const char* const interfaces[] = {kMapInterface, nullptr};
  return g_variant_new_strv(interfaces, 1);
}

void QemuListener::on_call(GDBusConnection* /*connection*/, const char* /*sender*/, const char* /*path*/,
                           const char* /*interface*/, const char* method, GVariant* parameters,
                           GDBusMethodInvocation* invocation, gpointer self) {
  no_throw("a call of the display listener", [=] {
    auto& listener = *static_cast<QemuListener*>(self);
    GDBusMessage* const message = g_dbus_method_invocation_get_message(invocation);
    const auto result =
        take(listener.handler_, method, parameters, g_dbus_message_get_unix_fd_list(message));  // borrowed
    if (result.has_value()) {
      g_dbus_method_invocation_return_value(invocation, nullptr);
      return;
    }
    g_dbus_method_invocation_return_dbus_error(invocation, kErrorName, result.error().message.c_str());
    listener.handler_.on_refused(result.error());
  });
}

Result<void> QemuListener::take(QemuListenerHandler& handler, std::string_view method, GVariant* parameters,
                                GUnixFDList* fds) {
  if (method == "UpdateMap") {
    handler.on_update_map(clip_update(i32_at(parameters, 0), i32_at(parameters, 1), i32_at(parameters, 2),
                                      i32_at(parameters, 3), handler.surface()));
    return {};
  }
  if (method == "Update") return update(handler, parameters);
  if (method == "ScanoutMap") return scanout_map(handler, parameters, fds);
  if (method == "Scanout") return scanout(handler, parameters);
  if (method == "CursorDefine") return cursor(handler, parameters);
  if (method == "MouseSet") {
    handler.on_mouse(i32_at(parameters, 2) != 0);
    return {};
  }
  handler.on_disable();
  return {};
}

}  // namespace tobari::display
