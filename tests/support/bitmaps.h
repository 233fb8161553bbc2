// SPDX-License-Identifier: GPL-3.0-or-later
// Windows bitmaps for tests, as they are on the clipboard (without the file's header).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::display::testing {

struct Dib {
  std::uint32_t header = 40;
  std::int32_t width = 3;
  std::int32_t height = 2;
  std::uint16_t planes = 1;
  std::uint16_t bits = 32;
  std::uint32_t compression = 0;
  std::uint32_t colours = 0;

  // With so many octets of pixels as that needs (or as are said) behind header, masks and colours.
  [[nodiscard]] std::vector<std::byte> bytes(std::ptrdiff_t more = 0) const {
    std::vector<std::byte> out;
    const auto put = [&out](std::uint64_t value, int octets) {
      for (int i = 0; i < octets; ++i) out.push_back(static_cast<std::byte>(i < 8 ? value >> (8 * i) : 0));
    };
    put(header, 4);
    put(static_cast<std::uint32_t>(width), 4);
    put(static_cast<std::uint32_t>(height), 4);
    put(planes, 2);
    put(bits, 2);
    put(compression, 4);
    put(0, 12);
    put(colours, 4);
    put(0, 4);
    out.resize(header);
    if (compression == 3 && header == 40) out.resize(out.size() + 12);
    out.resize(out.size() + (bits <= 8 && colours == 0 ? std::size_t{1} << bits : colours) * 4);
    if (width <= 0) return out;  // no pixels, then
    const std::uint64_t rows = static_cast<std::uint64_t>(height < 0 ? -std::int64_t{height} : height);
    const std::uint64_t row = (static_cast<std::uint64_t>(width) * bits + 31) / 32 * 4;
    const auto pixels = static_cast<std::ptrdiff_t>(row * rows) + more;
    for (std::ptrdiff_t i = 0; i < pixels; ++i) out.push_back(static_cast<std::byte>(i * 7));
    return out;
  }
};

}  // namespace tobari::display::testing
