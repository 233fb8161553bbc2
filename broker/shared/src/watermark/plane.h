// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::watermark {

// A picture of one channel.
struct Plane {
  int width = 0;
  int height = 0;
  std::vector<float> values;  // width * height

  Plane() = default;
  Plane(int w, int h) : width(w), height(h), values(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  [[nodiscard]] float* row(int y) noexcept { return values.data() + offset(y); }
  [[nodiscard]] const float* row(int y) const noexcept { return values.data() + offset(y); }

 private:
  [[nodiscard]] std::size_t offset(int y) const noexcept {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
};

// Half as large: the mean of four pixels each. Sides are at least 2.
[[nodiscard]] Plane halved(const Plane& plane);

// What may be the mark: how each pixel differs from its surroundings, in levels, weighted by how quiet those are. What
// stands out of its background (letters, edges) is taken out rather than limited, so that it disturbs nothing.
[[nodiscard]] Plane flattened(const Plane& plane);

}  // namespace tobari::watermark
