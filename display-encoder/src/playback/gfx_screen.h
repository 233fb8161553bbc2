// SPDX-License-Identifier: GPL-3.0-or-later
// A client without a window: carries out graphics commands with FreeRDP's decoders. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>
#include <tobari/display/monitor.h>

namespace tobari::display::playback {

// Pixels as everywhere (frame.h); X is zero.
struct Canvas {
  Size size;
  std::vector<std::uint32_t> pixels;

  [[nodiscard]] FrameView view() const noexcept {
    return {reinterpret_cast<const std::byte*>(pixels.data()), size, static_cast<std::size_t>(size.width) * 4};
  }
};

class GfxScreen {
 public:
  static constexpr std::size_t kMaxSurfaces = 64;
  static constexpr std::size_t kMaxTiles = 32'768;

  // Surfaces, those for video included: as much as the largest layout may need twice.
  static constexpr long kMaxPixels = 2 * MonitorLayout::kMaxPixels;

  explicit GfxScreen(long max_pixels = kMaxPixels);
  ~GfxScreen();
  GfxScreen(const GfxScreen&) = delete;
  GfxScreen& operator=(const GfxScreen&) = delete;

  // Nothing is shown, and no decoder knows anything.
  void reset();
  // The messages of one event. kPeerProtocol: malformed, beyond a limit, or a decoder refuses them.
  [[nodiscard]] Result<void> show(std::span<const std::byte> messages);

  [[nodiscard]] Size size() const noexcept;  // of the desktop; not valid before the first layout
  // What the monitors show. `onto` gets its size.
  void compose(Canvas& onto) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display::playback
