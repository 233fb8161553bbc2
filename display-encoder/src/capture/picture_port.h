// SPDX-License-Identifier: GPL-3.0-or-later
// The packets of a container's picture port (installer/guest/picture/PROTOCOL.md is the text to it). Every byte from
// the desktop is the claim of somebody who may be hostile. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>
#include <tobari/display/geometry.h>
#include <tobari/display/input.h>

#include "capture/qemu_scanout.h"

namespace tobari::display::picture {

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kMaxDamageRects = 64;
inline constexpr int kMaxPointerSide = 128;
// The largest is a pointer.
inline constexpr std::size_t kMaxPacketBytes = (5 + std::size_t{kMaxPointerSide} * kMaxPointerSide) * 4;

// With which the file comes.
struct Surface {
  Scanout scanout;
  Size largest;  // that the screen can have
};
struct Damage {
  std::vector<Rect> rects;  // as said: not yet cut to the surface
};
struct PointerShown {
  bool shown = false;
};
using Said = std::variant<Surface, Damage, CursorShape, PointerShown>;

// kPeerProtocol: it makes no sense. kInvalidArgument: a surface that cannot be shown.
[[nodiscard]] Result<Said> parse(std::span<const std::byte> packet);

// ---- to the desktop
using Packet = std::vector<std::byte>;
// Nothing for keys that no keyboard has.
[[nodiscard]] std::optional<Packet> packet_of(const KeyEvent& event);
[[nodiscard]] std::optional<Packet> packet_of(const PointerMove& event);
[[nodiscard]] std::optional<Packet> packet_of(const PointerButton& event);
[[nodiscard]] std::optional<Packet> packet_of(const LockState& event);
[[nodiscard]] Packet size_packet(Size size);

}  // namespace tobari::display::picture
