// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/input_map.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tobari::display {
namespace {

constexpr unsigned kKeyRelease = 0x8000, kKeyExtended = 0x0100, kKeyExtended1 = 0x0200;
constexpr unsigned kMove = 0x0800, kDown = 0x8000, kWheel = 0x0200, kHorizontalWheel = 0x0400;
constexpr unsigned kRotationMask = 0x01FF;
constexpr int kRotationSign = 0x0100;
constexpr int kNotch = 120;
constexpr std::array kButtons{std::pair{0x1000U, Button::kLeft}, std::pair{0x2000U, Button::kRight},
                              std::pair{0x4000U, Button::kMiddle}};
constexpr std::array kExtendedButtons{std::pair{0x0001U, Button::kSide}, std::pair{0x0002U, Button::kExtra}};
constexpr unsigned kScrollLock = 1, kNumLock = 2, kCapsLock = 4;
constexpr std::uint8_t kControlScancode = 0x1D, kNumLockScancode = 0x45;

void move(std::uint16_t x, std::uint16_t y, Size desktop, InputSink& sink) {
  if (!desktop.valid()) return;
  sink.move({{std::min<int>(x, desktop.width - 1), std::min<int>(y, desktop.height - 1)}});
}

}  // namespace

void InputMap::key(std::uint16_t flags, std::uint8_t scancode, InputSink& sink) {
  const bool pressed = (flags & kKeyRelease) == 0;
  // Pause comes as E1 1D, 45. InputSink has it as one key: {0x45, extended}.
  if ((flags & kKeyExtended1) != 0 && scancode == kControlScancode) {
    pause_ = true;
    return;
  }
  if (std::exchange(pause_, false) && scancode == kNumLockScancode) {
    sink.key({kNumLockScancode, true, pressed});
    return;
  }
  sink.key({scancode, (flags & kKeyExtended) != 0, pressed});
}

void InputMap::wheel(std::uint16_t flags, InputSink& sink) {
  const bool horizontal = (flags & kHorizontalWheel) != 0;
  int rotation = flags & kRotationMask;  // nine bits, two's complement
  if ((rotation & kRotationSign) != 0) rotation -= 2 * kRotationSign;
  int& rest = horizontal ? horizontal_ : vertical_;
  rest += rotation;
  const int notches = std::clamp(rest / kNotch, -kMaxNotches, kMaxNotches);
  rest %= kNotch;
  const Button forward = horizontal ? Button::kWheelRight : Button::kWheelUp;
  const Button back = horizontal ? Button::kWheelLeft : Button::kWheelDown;
  for (int i = 0; i < std::max(notches, -notches); ++i) {
    sink.button({notches > 0 ? forward : back, true});
    sink.button({notches > 0 ? forward : back, false});
  }
}

void InputMap::mouse(std::uint16_t flags, std::uint16_t x, std::uint16_t y, Size desktop, InputSink& sink) {
  if ((flags & (kWheel | kHorizontalWheel)) != 0) {
    wheel(flags, sink);  // its coordinates mean nothing: clients send 0,0
    return;
  }
  const auto pressed = std::ranges::find_if(kButtons, [flags](const auto& b) { return (flags & b.first) != 0; });
  if ((flags & kMove) != 0 || pressed != kButtons.end()) move(x, y, desktop, sink);
  for (const auto& [mask, button] : kButtons) {
    if ((flags & mask) != 0) sink.button({button, (flags & kDown) != 0});
  }
}

void InputMap::extended_mouse(std::uint16_t flags, std::uint16_t x, std::uint16_t y, Size desktop, InputSink& sink) {
  move(x, y, desktop, sink);
  for (const auto& [mask, button] : kExtendedButtons) {
    if ((flags & mask) != 0) sink.button({button, (flags & kDown) != 0});
  }
}

void InputMap::locks(std::uint32_t flags, InputSink& sink) {
  sink.set_locks({(flags & kScrollLock) != 0, (flags & kNumLock) != 0, (flags & kCapsLock) != 0});
}

}  // namespace tobari::display
