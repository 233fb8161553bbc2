// SPDX-License-Identifier: GPL-3.0-or-later
// SIMD loops of the planar encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::display {

// Values of one colour. Rows have room around them: the byte before each is zero, and vectors reach beyond its end.
class Plane {
 public:
  void reshape(std::size_t width, std::size_t height) {
    width_ = width;
    height_ = height;
    stride_ = (width + kRoom - 1) / kRoom * kRoom + kRoom;
    if (values_.size() < kRoom + stride_ * height) values_.resize(kRoom + stride_ * height);
    for (std::size_t y = 0; y < height; ++y) row(y)[-1] = 0;
  }
  [[nodiscard]] std::uint8_t* row(std::size_t y) noexcept { return values_.data() + kRoom + y * stride_; }
  [[nodiscard]] const std::uint8_t* row(std::size_t y) const noexcept { return values_.data() + kRoom + y * stride_; }
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] std::size_t height() const noexcept { return height_; }

 private:
  static constexpr std::size_t kRoom = 64;  // the longest vector
  std::size_t width_ = 0;
  std::size_t height_ = 0;
  std::size_t stride_ = 0;
  std::vector<std::uint8_t> values_;
};

// B G R X pixels to planes.
void split_planes(const std::byte* pixels, std::size_t count, std::uint8_t* red, std::uint8_t* green,
                  std::uint8_t* blue);

struct PlaneScratch {
  std::vector<std::uint8_t> values;   // of one row, as they are written
  std::vector<std::uint64_t> same;    // which of them repeat the one before, a bit each
  std::vector<std::uint64_t> starts;  // where at least three of those follow each other
};

[[nodiscard]] std::size_t plane_bound(const Plane& plane) noexcept;  // bytes that write_plane() may touch

// Run-length encodes: the first row as it is, each other as what differs from the row above. Returns the end.
std::byte* write_plane(const Plane& plane, PlaneScratch& scratch, std::byte* out);

}  // namespace tobari::display
