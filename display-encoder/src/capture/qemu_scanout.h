// SPDX-License-Identifier: GPL-3.0-or-later
// What QEMU says about its picture, checked before a byte of it is believed. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tobari/base/result.h>
#include <tobari/display/geometry.h>

namespace tobari::display {

// Pixman's names for B, G, R, X and B, G, R, A in memory. The only two that are shown.
inline constexpr std::uint32_t kPixmanX8R8G8B8 = 0x20020888;
inline constexpr std::uint32_t kPixmanA8R8G8B8 = 0x20028888;
inline constexpr std::uint32_t kMaxStride = 1U << 20;  // bytes; several heads can share one wide picture

struct Scanout {
  Size size;
  std::size_t stride = 0;  // bytes
  std::size_t offset = 0;  // of the first pixel

  // Bytes up to the end of the last pixel. The last row is not padded: with several heads the file ends there.
  [[nodiscard]] std::size_t end() const noexcept;
};

// kInvalidArgument: a picture that we do not show (format, size); the guest can ask for such. kPeerProtocol: numbers
// that contradict each other.
[[nodiscard]] Result<Scanout> check_scanout(std::uint32_t width, std::uint32_t height, std::uint32_t stride,
                                            std::uint32_t format, std::uint32_t offset);

// Where a head's picture lies in the one picture that the guest draws for all of its heads (Xorg does so), as far as
// the numbers tell: a head that has a picture of its own is all there is.
struct HeadPlace {
  Size head;
  Point origin;
  Size whole;

  // A position on the head as QEMU must be told it: the guest's tablet spans the whole picture, but QEMU scales by the
  // head. Exact to the `whole / head` pixels that this leaves.
  [[nodiscard]] Point for_tablet(Point on_head) const noexcept;
  friend bool operator==(const HeadPlace&, const HeadPlace&) = default;
};
// `bytes`: of the whole picture, as large as its file is.
[[nodiscard]] HeadPlace place_of_head(const Scanout& scanout, std::size_t bytes) noexcept;

// A rectangle as it came over the wire, cut to the surface. Empty when nothing of it lies inside.
[[nodiscard]] Rect clip_update(std::int32_t x, std::int32_t y, std::int32_t width, std::int32_t height,
                               Size surface) noexcept;

}  // namespace tobari::display
