// SPDX-License-Identifier: GPL-3.0-or-later
// What a person does, in the terms of the wire: set-1 scan codes and pixels of the desktop.
#pragma once

#include <cstdint>
#include <variant>

#include <QSize>

namespace tobari::client {

// A set-1 scan code; kExtended is added for keys with the E0 prefix, kPause stands for the E1 sequence.
using ScanCode = std::uint16_t;
inline constexpr ScanCode kNoScanCode = 0;
inline constexpr ScanCode kExtended = 0x100;
inline constexpr ScanCode kPause = 0x200;

struct KeyInput {
  ScanCode code = kNoScanCode;
  bool down = false;
};

enum class Button : std::uint8_t { kLeft, kRight, kMiddle, kBack, kForward };

struct MoveInput {
  std::uint16_t x = 0;
  std::uint16_t y = 0;
};
struct ButtonInput {
  Button button = Button::kLeft;
  bool down = false;
  std::uint16_t x = 0;
  std::uint16_t y = 0;
};
struct WheelInput {
  int delta = 0;  // 120 is one notch; up and right are positive
  bool horizontal = false;
};
struct LocksInput {  // the lamps of this keyboard
  bool caps = false;
  bool num = false;
  bool scroll = false;

  friend bool operator==(const LocksInput&, const LocksInput&) = default;
};
struct ResizeInput {  // wish; the server may not offer it
  QSize size;
  std::uint32_t scale_percent = 100;
};

using Input = std::variant<KeyInput, MoveInput, ButtonInput, WheelInput, LocksInput, ResizeInput>;

}  // namespace tobari::client
