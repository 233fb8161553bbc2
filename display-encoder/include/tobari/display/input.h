// SPDX-License-Identifier: GPL-3.0-or-later
// What a user does, from the client to the desktop.
#pragma once

#include <cstdint>

#include <tobari/display/geometry.h>

namespace tobari::display {

// A key of an IBM PC keyboard by its scan code, set 1 (what RDP and QEMU both use). Pause is {0x45, extended1}.
struct KeyEvent {
  std::uint8_t scancode = 0;
  bool extended = false;  // E0 prefix
  bool pressed = false;
};

enum class Button : std::uint8_t {
  kLeft,
  kMiddle,
  kRight,
  kWheelUp,
  kWheelDown,
  kSide,
  kExtra,
  kWheelLeft,
  kWheelRight
};

struct PointerMove {
  Point position;
};  // absolute, in the source's pixels
struct PointerButton {
  Button button{};
  bool pressed = false;
};  // wheels: one press and release a notch

// The lock keys' lights as the client has them; the desktop is made to agree.
struct LockState {
  bool scroll = false;
  bool num = false;
  bool caps = false;
};

// Where input goes. Calls never block and may come from any one thread at a time; events for a desktop that is gone are
// dropped. Releasing a key that is not pressed does nothing (clients send such releases when they get the focus).
class InputSink {
 public:
  virtual ~InputSink() = default;
  virtual void key(const KeyEvent& event) = 0;
  virtual void move(const PointerMove& event) = 0;
  virtual void button(const PointerButton& event) = 0;
  virtual void set_locks(const LockState& locks) = 0;
  virtual void release_all() = 0;  // a client is gone: no key or button stays down
};

}  // namespace tobari::display
