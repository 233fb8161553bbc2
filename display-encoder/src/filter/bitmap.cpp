// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/bitmap.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tobari::display {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::size_t kInfoHeader = 40;  // BITMAPINFOHEADER; longer ones begin with it
constexpr std::array<std::size_t, 5> kHeaders{kInfoHeader, 52, 56, 108, 124};
constexpr std::size_t kV5Header = 124;
constexpr std::size_t kV5ProfileSize = 116;  // where in it
constexpr std::uint32_t kRgb = 0, kBitfields = 3;
constexpr std::size_t kMasks = 12;  // behind a header that has no place for them
constexpr std::uint32_t kMaxColours = 256;

std::uint64_t number(std::span<const std::byte> data, std::size_t at, std::size_t octets) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets; ++i) value |= std::to_integer<std::uint64_t>(data[at + i]) << (8 * i);
  return value;
}

void put(std::span<std::byte> at, std::uint64_t value) noexcept {
  for (std::size_t i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

struct Layout {
  std::size_t pixels = 0;  // where they begin
  std::size_t size = 0;    // of the whole
};

// BITMAPINFO (wingdi.h): header, masks, colours, rows padded to four bytes.
Result<Layout> layout_of(std::span<const std::byte> dib) {
  const auto bad = [](const char* why) { return fail(Errc::kPeerProtocol, why); };
  if (dib.size() < kInfoHeader) return bad("a picture without a whole header");
  const std::size_t header = number(dib, 0, 4);
  if (!std::ranges::contains(kHeaders, header) || header > dib.size()) return bad("a picture with an unknown header");
  const auto width = static_cast<std::int32_t>(number(dib, 4, 4));
  const auto height = static_cast<std::int32_t>(number(dib, 8, 4));
  const auto planes = number(dib, 12, 2);
  const auto bits = number(dib, 14, 2);
  const auto compression = number(dib, 16, 4);
  const auto colours_used = number(dib, 32, 4);
  const bool sides =
      width > 0 && width <= kMaxBitmapSide && height != 0 && height >= -kMaxBitmapSide && height <= kMaxBitmapSide;
  if (!sides || planes != 1) return bad("a picture of an absurd size");
  constexpr std::array<std::uint64_t, 6> kDepths{1, 4, 8, 16, 24, 32};
  if (!std::ranges::contains(kDepths, bits)) return bad("a picture of an absurd depth");
  const bool masked = compression == kBitfields && (bits == 16 || bits == 32);
  if (compression != kRgb && !masked) return bad("a compressed picture");
  if (header == kV5Header && number(dib, kV5ProfileSize, 4) != 0) return bad("a picture with a colour profile in it");
  const std::uint64_t most = bits <= 8 ? std::uint64_t{1} << bits : kMaxColours;
  if (colours_used > most) return bad("a picture with too many colours in its table");
  const std::uint64_t colours = colours_used == 0 && bits <= 8 ? most : colours_used;
  Layout layout;
  layout.pixels = header + (masked && header == kInfoHeader ? kMasks : 0) + colours * 4;
  const std::uint64_t row = (static_cast<std::uint64_t>(width) * bits + 31) / 32 * 4;
  const std::uint64_t rows = static_cast<std::uint64_t>(height < 0 ? -std::int64_t{height} : height);
  layout.size = layout.pixels + row * rows;  // at most 2^15 * 2^15 * 4 and a little
  if (dib.size() < layout.size) return bad("a picture that is shorter than it says");
  if (dib.size() - layout.size > kMaxBitmapPadding) return bad("a picture with something else behind it");
  return layout;
}

}  // namespace

Result<std::vector<std::byte>> bitmap_file_from_dib(std::span<const std::byte> dib) {
  TOBARI_ASSIGN(const Layout layout, layout_of(dib));
  std::vector<std::byte> file(kFileHeader + layout.size);
  file[0] = std::byte{'B'};
  file[1] = std::byte{'M'};
  put(std::span(file).subspan(2), file.size());
  put(std::span(file).subspan(10), kFileHeader + layout.pixels);
  std::ranges::copy(dib.first(layout.size), file.begin() + kFileHeader);
  return file;
}

Result<std::vector<std::byte>> checked_bitmap_file(std::vector<std::byte> file) {
  const std::span<const std::byte> all(file);
  if (all.size() < kFileHeader || all[0] != std::byte{'B'} || all[1] != std::byte{'M'}) {
    return fail(Errc::kPeerProtocol, "what is said to be a bitmap is none");
  }
  TOBARI_ASSIGN(const Layout layout, layout_of(all.subspan(kFileHeader)));
  if (number(all, 10, 4) != kFileHeader + layout.pixels) {
    return fail(Errc::kPeerProtocol, "a picture with a gap before its pixels");
  }
  file.resize(kFileHeader + layout.size);
  return file;
}

std::span<const std::byte> dib_of_bitmap_file(std::span<const std::byte> file) noexcept {
  return file.subspan(std::min(kFileHeader, file.size()));
}

}  // namespace tobari::display
