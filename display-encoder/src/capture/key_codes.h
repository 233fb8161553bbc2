// SPDX-License-Identifier: GPL-3.0-or-later
// From scan codes (set 1) to what the desktops behind us call their keys. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace tobari::display {

// QEMU's key number (ui/input-keymap.c, keycodemapdb column "qnum"): the scan code, bit 7 for extended ones. Pause is
// 0xC6 however the client names it. Nothing for the shifts that old keyboards fake around extended keys (E0 2A, E0 36).
[[nodiscard]] std::optional<unsigned> qemu_key_number(std::uint8_t scancode, bool extended) noexcept;

// The X key code of servers that use evdev key codes (all current ones): Linux's KEY_* plus 8, 9 to 255.
[[nodiscard]] std::optional<unsigned> x11_key_code(std::uint8_t scancode, bool extended) noexcept;

}  // namespace tobari::display
