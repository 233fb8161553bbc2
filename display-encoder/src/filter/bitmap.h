// SPDX-License-Identifier: GPL-3.0-or-later
// Uncompressed Windows bitmaps: as a file (BITMAPFILEHEADER and what follows), and as the clipboard has them (CF_DIB,
// without that header). What a header says must be what is there: a picture in which something else hides is none.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::display {

inline constexpr int kMaxBitmapSide = 32'767;
// What may follow the pixels: memory is handed out in steps. It is not passed on.
inline constexpr std::size_t kMaxBitmapPadding = 16;

// kPeerProtocol says what is wrong: compressed, a profile inside, a size that is not that of the data, ...
[[nodiscard]] Result<std::vector<std::byte>> bitmap_file_from_dib(std::span<const std::byte> dib);
// The same picture, exactly as long as it has to be. kPeerProtocol likewise.
[[nodiscard]] Result<std::vector<std::byte>> checked_bitmap_file(std::vector<std::byte> file);
// `file`: checked_bitmap_file().
[[nodiscard]] std::span<const std::byte> dib_of_bitmap_file(std::span<const std::byte> file) noexcept;

}  // namespace tobari::display
