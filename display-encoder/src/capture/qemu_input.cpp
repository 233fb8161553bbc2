// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_input.h"

#include <algorithm>
#include <array>
#include <utility>

#include <tobari/base/no_throw.h>

#include "capture/key_codes.h"

namespace tobari::display {
namespace {

constexpr const char* kKeyboard = "org.qemu.Display1.Keyboard";
constexpr const char* kMouse = "org.qemu.Display1.Mouse";

// Bits of Keyboard.Modifiers, and the key that toggles each.
constexpr unsigned kScroll = 1U << 0;
constexpr unsigned kNum = 1U << 1;
constexpr unsigned kCaps = 1U << 2;
struct LockKey {
  unsigned modifier;
  unsigned key;
};
constexpr std::array<LockKey, 3> kLockKeys{{{kScroll, 0x46}, {kNum, 0x45}, {kCaps, 0x3A}}};

unsigned to_modifiers(const LockState& locks) noexcept {
  return (locks.scroll ? kScroll : 0U) | (locks.num ? kNum : 0U) | (locks.caps ? kCaps : 0U);
}

}  // namespace

template <class Event>
void QemuInput::push(const Event& event) {
  const std::lock_guard lock(mutex_);
  queue_.push(event);
  drain_soon();
}

void QemuInput::release_all() {
  const std::lock_guard lock(mutex_);
  queue_.release_all();
  drain_soon();
}

void QemuInput::drain_soon() {
  if (!connected_ || queue_.empty() || std::exchange(drain_posted_, true)) return;
  loop_.post([this] { drain(); });
}

void QemuInput::connect(GDBusConnection* connection) {
  g_object_ref(connection);
  connection_.reset(connection);
  cancellable_.reset(g_cancellable_new());
  subscription_ = g_dbus_connection_signal_subscribe(connection, nullptr, "org.freedesktop.DBus.Properties",
                                                     "PropertiesChanged", console_path_.c_str(), kKeyboard,
                                                     G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, this, nullptr);
  ask_modifiers();
  const std::lock_guard lock(mutex_);
  connected_ = true;
  drain_soon();
}

void QemuInput::disconnect() {
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
    queue_.clear();
  }
  if (connection_ == nullptr) return;
  g_dbus_connection_signal_unsubscribe(connection_.get(), subscription_);
  connection_.reset();
  g_cancellable_cancel(cancellable_.get());
}

void QemuInput::drain() {
  while (connection_ != nullptr) {
    InputEvent event;
    {
      const std::lock_guard lock(mutex_);
      drain_posted_ = false;
      if (queue_.empty() || outstanding_ >= kMaxOutstanding) return;  // a reply goes on
      event = queue_.pop();
    }
    send(event);
  }
}

void QemuInput::send(const InputEvent& event) {
  if (const auto* key = std::get_if<KeyEvent>(&event)) {
    if (const auto number = qemu_key_number(key->scancode, key->extended)) {
      call(kKeyboard, key->pressed ? "Press" : "Release", g_variant_new("(u)", *number));
    }
  } else if (const auto* move = std::get_if<PointerMove>(&event)) {
    if (!head_.head.valid()) return;
    const Point at = head_.for_tablet(move->position);
    call(kMouse, "SetAbsPosition", g_variant_new("(uu)", static_cast<unsigned>(at.x), static_cast<unsigned>(at.y)));
  } else if (const auto* button = std::get_if<PointerButton>(&event)) {
    // Button counts as QEMU's InputButton does.
    call(kMouse, button->pressed ? "Press" : "Release", g_variant_new("(u)", static_cast<unsigned>(button->button)));
  } else if (const auto* locks = std::get_if<LockState>(&event)) {
    send_locks(*locks);
  }
}

void QemuInput::send_locks(const LockState& wanted) {
  const unsigned differs = modifiers_ ^ to_modifiers(wanted);
  for (const auto& [modifier, key] : kLockKeys) {
    if ((differs & modifier) == 0) continue;
    call(kKeyboard, "Press", g_variant_new("(u)", key));
    call(kKeyboard, "Release", g_variant_new("(u)", key));
  }
  modifiers_ = to_modifiers(wanted);  // a guest that sees it otherwise says so
}

void QemuInput::call(const char* interface, const char* method, GVariant* arguments) {
  ++outstanding_;
  // No time limit: a call that is given up on still lies in the socket, and must go on counting.
  g_dbus_connection_call(connection_.get(), nullptr, console_path_.c_str(), interface, method, arguments, nullptr,
                         G_DBUS_CALL_FLAGS_NONE, G_MAXINT, cancellable_.get(), on_reply, this);
}

void QemuInput::on_reply(GObject* connection, GAsyncResult* result, gpointer self) {
  no_throw("a reply to input", [=] {
    // A failure (no tablet in the guest, a position outside) is not told: the next event may well work.
    const VariantRef reply(g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, nullptr));
    static_cast<QemuInput*>(self)->ended();
  });
}

void QemuInput::ask_modifiers() {
  ++outstanding_;
  g_dbus_connection_call(connection_.get(), nullptr, console_path_.c_str(), "org.freedesktop.DBus.Properties", "Get",
                         g_variant_new("(ss)", kKeyboard, "Modifiers"), G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NONE,
                         G_MAXINT, cancellable_.get(), on_modifiers, this);
}

void QemuInput::on_modifiers(GObject* connection, GAsyncResult* result, gpointer self) {
  no_throw("the answer about the lock keys", [=] {
    auto& input = *static_cast<QemuInput*>(self);
    const VariantRef reply(g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, nullptr));
    if (reply != nullptr) {
      const VariantRef boxed(g_variant_get_child_value(reply.get(), 0));
      const VariantRef value(g_variant_get_variant(boxed.get()));
      if (g_variant_is_of_type(value.get(), G_VARIANT_TYPE_UINT32))
        input.modifiers_ = g_variant_get_uint32(value.get());
    }
    input.ended();
  });
}

void QemuInput::on_properties_changed(GDBusConnection* /*connection*/, const char* /*sender*/, const char* /*path*/,
                                      const char* /*interface*/, const char* /*signal*/, GVariant* parameters,
                                      gpointer self) {
  no_throw("a change of the lock keys", [=] {
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv}as)"))) return;
    const VariantRef changed(g_variant_get_child_value(parameters, 1));
    std::uint32_t modifiers = 0;
    if (g_variant_lookup(changed.get(), "Modifiers", "u", &modifiers) != FALSE) {
      static_cast<QemuInput*>(self)->modifiers_ = modifiers;
    }
  });
}

void QemuInput::ended() {
  --outstanding_;
  if (connection_ != nullptr) {
    drain();
  } else if (outstanding_ == 0 && on_idle_) {
    on_idle_();
  }
}

}  // namespace tobari::display
