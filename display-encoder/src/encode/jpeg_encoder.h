// SPDX-License-Identifier: GPL-3.0-or-later
// JPEG (ITU-T T.81, JFIF, 4:2:0) by libjpeg-turbo: for whoever is no RDP client. The one RectEncoder with loss.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/encoder.h>

namespace tobari::display {

class JpegEncoder final : public RectEncoder {
 public:
  static constexpr int kDefaultQuality = 80;  // of 1..100

  // kExhausted: no memory.
  [[nodiscard]] static Result<std::unique_ptr<JpegEncoder>> create(int quality = kDefaultQuality);
  ~JpegEncoder() override;

  void set_quality(int quality) noexcept { quality_ = quality; }

  [[nodiscard]] Codec codec() const noexcept override { return Codec::kJpeg; }
  // Appends a whole JPEG file; nothing when libjpeg-turbo has no memory for it.
  void encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) override;
  void reset() override {}  // every picture stands for itself

 private:
  struct Free {
    void operator()(void* handle) const noexcept;
  };
  using Handle = std::unique_ptr<void, Free>;
  JpegEncoder(Handle handle, int quality) : handle_(std::move(handle)), quality_(quality) {}

  Handle handle_;
  int quality_;
};

}  // namespace tobari::display
