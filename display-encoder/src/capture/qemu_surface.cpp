// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_surface.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tobari::display {
namespace {

std::size_t row_bytes(int pixels) noexcept { return static_cast<std::size_t>(pixels) * kBytesPerPixel; }

// Bytes from the first to the last pixel of `height` rows that are `stride` apart.
std::size_t block_bytes(int width, int height, std::size_t stride) noexcept {
  return (static_cast<std::size_t>(height) - 1) * stride + row_bytes(width);
}

}  // namespace

Result<void> QemuSurface::share(int fd, const Scanout& scanout) {
  TOBARI_ASSIGN(auto mapping, GuardedMapping::map(fd, scanout.end()));
  const std::lock_guard lock(mutex_);
  scanout_ = scanout;
  std::swap(mapping_, mapping);
  copied_.reset();
  held_is_current_ = false;
  return {};
}

Result<void> QemuSurface::replace(const Scanout& scanout, std::span<const std::byte> bytes) {
  if (bytes.size() < scanout.end()) return fail(Errc::kPeerProtocol, "the picture is shorter than it says");
  auto pixels = std::make_unique<Pixels>();
  pixels->size = scanout.size;
  pixels->bytes.resize(static_cast<std::size_t>(scanout.size.area()) * kBytesPerPixel);
  for (int y = 0; y < scanout.size.height; ++y) {
    std::memcpy(pixels->bytes.data() + static_cast<std::size_t>(y) * pixels->stride(),
                bytes.data() + scanout.offset + static_cast<std::size_t>(y) * scanout.stride, pixels->stride());
  }
  const std::lock_guard lock(mutex_);
  mapping_.reset();
  copied_ = std::move(pixels);
  held_is_current_ = false;
  return {};
}

Result<void> QemuSurface::update(const Rect& at, Point skip, std::size_t stride, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  // An update that was overtaken by a new kind of surface: the new surface has these pixels already.
  if (copied_ == nullptr || at.right() > copied_->size.width || at.bottom() > copied_->size.height) return {};
  const std::size_t from = static_cast<std::size_t>(skip.y) * stride + row_bytes(skip.x);
  if (bytes.size() < from || bytes.size() - from < block_bytes(at.width, at.height, stride)) {
    return fail(Errc::kPeerProtocol, "the update is shorter than it says");
  }
  for (int y = 0; y < at.height; ++y) {
    std::memcpy(copied_->bytes.data() + static_cast<std::size_t>(at.y + y) * copied_->stride() + row_bytes(at.x),
                bytes.data() + from + static_cast<std::size_t>(y) * stride, row_bytes(at.width));
  }
  return {};
}

void QemuSurface::drop() {
  const std::lock_guard lock(mutex_);
  mapping_.reset();
  copied_.reset();
}

Size QemuSurface::size() const {
  const std::lock_guard lock(mutex_);
  if (mapping_ != nullptr) return scanout_.size;
  return copied_ != nullptr ? copied_->size : Size{};
}

Result<FrameView> QemuSurface::view(const Region& wanted) {
  const std::lock_guard lock(mutex_);
  if (mapping_ != nullptr) return view_of_mapping();
  held_mapping_.reset();
  if (copied_ == nullptr) return fail(Errc::kUnavailable, "no picture yet");
  return view_of_copy(wanted);
}

void QemuSurface::rest() noexcept {
  const std::lock_guard lock(mutex_);
  if (mapping_ != nullptr) mapping_->forget_pages();
  held_mapping_.reset();
  held_pixels_ = {};
  held_is_current_ = false;
}

Result<FrameView> QemuSurface::view_of_mapping() {
  held_mapping_ = mapping_;
  held_pixels_ = {};
  if (mapping_->broken()) return fail(Errc::kPeerProtocol, "the memory of the picture was taken away");
  return FrameView{mapping_->data() + scanout_.offset, scanout_.size, scanout_.stride};
}

FrameView QemuSurface::view_of_copy(const Region& wanted) {
  const std::size_t stride = copied_->stride();
  if (!std::exchange(held_is_current_, true)) {
    held_pixels_ = *copied_;
  } else {
    for (const Rect& rect : wanted.rects()) {
      const Rect area = intersect(rect, bounds(copied_->size));
      for (int y = area.y; y < area.bottom(); ++y) {
        const std::size_t at = static_cast<std::size_t>(y) * stride + row_bytes(area.x);
        std::memcpy(held_pixels_.bytes.data() + at, copied_->bytes.data() + at, row_bytes(area.width));
      }
    }
  }
  return {held_pixels_.bytes.data(), held_pixels_.size, stride};
}

}  // namespace tobari::display
