// SPDX-License-Identifier: GPL-3.0-or-later
// One row of pixels as it is shown: the machine's with the mark on it. A pixel's mark depends on where it is and on
// its own value only, so what did not change in the machine does not change on the wire.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tobari::display {

// Marks come in pieces of so many pixels, aligned to the surface's left edge.
inline constexpr int kMarkPiece = 64;

// What lies on one row of pixels. Both parts repeat along the row, over a multiple of kMarkPiece pixels.
struct RowMark {
  // The invisible mark: what is added to each pixel (0x00030303 or 0) after it has lost its level / 64. Null: none.
  const std::uint32_t* raise = nullptr;
  int raise_period = 0;
  // The visible one: 0x00FFFFFF where there is ink. Null: no ink in this row.
  const std::uint32_t* ink = nullptr;
  int ink_period = 0;

  [[nodiscard]] bool empty() const noexcept { return raise == nullptr && ink == nullptr; }
  [[nodiscard]] const std::uint32_t* raise_at(int x) const noexcept {
    return raise == nullptr ? nullptr : raise + x % raise_period;
  }
  [[nodiscard]] const std::uint32_t* ink_at(int x) const noexcept {
    return ink == nullptr ? nullptr : ink + x % ink_period;
  }
};

// Pixels [from, to) of a row; both pointers are the row's pixel 0. The X byte is left alone.
void mark_row(const std::byte* live, std::byte* shown, int from, int to, const RowMark& mark);

// One pixel, in the plainest words: what the above is tested against.
[[nodiscard]] std::uint32_t marked_pixel(std::uint32_t pixel, int x, const RowMark& mark) noexcept;

}  // namespace tobari::display
