// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_scanout.h"

#include <algorithm>
#include <format>

#include <tobari/display/frame.h>

namespace tobari::display {
namespace {
constexpr std::size_t kPaddingColumns = 64;
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMaxWhole = 16 * std::size_t{kMaxSide};
}  // namespace

std::size_t Scanout::end() const noexcept {
  return offset + (static_cast<std::size_t>(size.height) - 1) * stride +
         static_cast<std::size_t>(size.width) * kBytesPerPixel;
}

Result<Scanout> check_scanout(std::uint32_t width, std::uint32_t height, std::uint32_t stride, std::uint32_t format,
                              std::uint32_t offset) {
  if (format != kPixmanX8R8G8B8 && format != kPixmanA8R8G8B8) {
    return fail(Errc::kInvalidArgument, std::format("a picture in pixel format {:#x} cannot be shown", format));
  }
  if (width == 0 || height == 0 || width > kMaxSide || height > kMaxSide) {
    return fail(Errc::kInvalidArgument, std::format("a picture of {}x{} cannot be shown", width, height));
  }
  if (stride < width * kBytesPerPixel || stride > kMaxStride || stride % kBytesPerPixel != 0 ||
      offset % kBytesPerPixel != 0) {
    return fail(Errc::kPeerProtocol,
                std::format("a picture {} wide cannot have a stride of {} at offset {}", width, stride, offset));
  }
  return Scanout{{static_cast<int>(width), static_cast<int>(height)}, stride, offset};
}

HeadPlace place_of_head(const Scanout& scanout, std::size_t bytes) noexcept {
  const std::size_t column = scanout.offset % scanout.stride / kBytesPerPixel;
  const std::size_t row = scanout.offset / scanout.stride;
  const auto right = column + static_cast<std::size_t>(scanout.size.width);
  const auto bottom = row + static_cast<std::size_t>(scanout.size.height);
  std::size_t width = scanout.stride / kBytesPerPixel;
  if (width < right + kPaddingColumns) width = right;  // rows may be padded, files too
  std::size_t height = bytes / scanout.stride;
  if (height * scanout.stride < bottom * scanout.stride + kPageBytes) height = bottom;
  if (width > kMaxWhole || height > kMaxWhole) return {scanout.size, {}, scanout.size};
  return {scanout.size,
          {static_cast<int>(column), static_cast<int>(row)},
          {static_cast<int>(width), static_cast<int>(height)}};
}

Point HeadPlace::for_tablet(Point on_head) const noexcept {
  const auto scaled = [](int position, int from, int to, int limit) {
    const long nearest = (long{position} * to + from / 2) / from;
    return static_cast<int>(std::clamp<long>(nearest, 0, limit - 1));
  };
  return {scaled(std::clamp(on_head.x, 0, head.width - 1) + origin.x, whole.width, head.width, head.width),
          scaled(std::clamp(on_head.y, 0, head.height - 1) + origin.y, whole.height, head.height, head.height)};
}

Rect clip_update(std::int32_t x, std::int32_t y, std::int32_t width, std::int32_t height, Size surface) noexcept {
  // In 64 bits: x + width of a hostile peer does not fit into 32.
  const auto left = std::clamp<std::int64_t>(x, 0, surface.width);
  const auto top = std::clamp<std::int64_t>(y, 0, surface.height);
  const auto right = std::clamp<std::int64_t>(std::int64_t{x} + width, 0, surface.width);
  const auto bottom = std::clamp<std::int64_t>(std::int64_t{y} + height, 0, surface.height);
  if (right <= left || bottom <= top) return {};
  return {static_cast<int>(left), static_cast<int>(top), static_cast<int>(right - left),
          static_cast<int>(bottom - top)};
}

}  // namespace tobari::display
