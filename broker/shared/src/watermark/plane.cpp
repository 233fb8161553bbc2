// SPDX-License-Identifier: GPL-3.0-or-later
#include "plane.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tobari::watermark {
namespace {

// As large as the longest waves that are looked for, or their background would follow them.
constexpr int kBlock = 32;
constexpr std::size_t kLevels = 256;

// The background of a block.
struct Ground {
  float level = 0;
  float spread = 0;                                                         // median distance from it
  [[nodiscard]] float reach() const noexcept { return 5 + 2.5F * spread; }  // what is still it
};

std::size_t level_of(float value) { return static_cast<std::size_t>(std::clamp(std::lround(value), 0L, 255L)); }

std::size_t median(const std::array<int, kLevels>& counts, int total) {
  int seen = 0;
  for (std::size_t level = 0; level < kLevels; ++level) {
    seen += counts[level];
    if (2 * seen >= total) return level;
  }
  return kLevels - 1;
}

Ground ground_of(const Plane& plane, int left, int top) {
  const int right = std::min(plane.width, left + kBlock);
  const int bottom = std::min(plane.height, top + kBlock);
  const int total = (right - left) * (bottom - top);
  std::array<int, kLevels> counts{};
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) ++counts[level_of(plane.row(y)[x])];
  }
  const std::size_t middle = median(counts, total);
  std::array<int, kLevels> distances{};
  for (std::size_t level = 0; level < kLevels; ++level) {
    distances[level > middle ? level - middle : middle - level] += counts[level];
  }
  Ground ground{static_cast<float>(middle), static_cast<float>(median(distances, total))};
  // The mean of what is near the median: a pattern of two levels has no middle of its own.
  double sum = 0;
  int count = 0;
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (std::abs(static_cast<float>(level) - ground.level) > ground.reach()) continue;
    sum += static_cast<double>(level) * counts[level];
    count += counts[level];
  }
  ground.level = static_cast<float>(sum / std::max(count, 1));
  return ground;
}

class Grounds {
 public:
  explicit Grounds(const Plane& plane)
      : columns_((plane.width + kBlock - 1) / kBlock), rows_((plane.height + kBlock - 1) / kBlock) {
    for (int row = 0; row < rows_; ++row) {
      for (int column = 0; column < columns_; ++column) {
        all_.push_back(ground_of(plane, column * kBlock, row * kBlock));
      }
    }
  }
  [[nodiscard]] const Ground& at(int column, int row) const noexcept {
    const int c = std::clamp(column, 0, columns_ - 1);
    const int r = std::clamp(row, 0, rows_ - 1);
    return all_[static_cast<std::size_t>(r) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(c)];
  }

 private:
  int columns_;
  int rows_;
  std::vector<Ground> all_;
};

// Where a pixel lies between the middles of two blocks.
struct Between {
  int first;
  float share;  // of the second
};
Between between(int at) {
  const float place = (static_cast<float>(at) + 0.5F) / kBlock - 0.5F;
  const float first = std::floor(place);
  return {static_cast<int>(first), place - first};
}

// Against the four backgrounds around it, those that it could belong to.
float deviation(const Grounds& grounds, float value, const Between& x, const Between& y) {
  float sum = 0;
  float shares = 0;
  float spread = 0;
  for (int i = 0; i < 4; ++i) {
    const Ground& ground = grounds.at(x.first + (i & 1), y.first + (i >> 1));
    if (std::abs(value - ground.level) > ground.reach()) continue;
    const float share = ((i & 1) != 0 ? x.share : 1 - x.share) * ((i >> 1) != 0 ? y.share : 1 - y.share);
    sum += share * ground.level;
    spread += share * ground.spread;
    shares += share;
  }
  if (shares < 0.05F) return 0;
  spread /= shares;
  // The further out, the less likely it is the mark: a soft end, or thin lines would come through at full strength.
  const float away = value - sum / shares;
  const float part = away / (5 + 2.5F * spread);
  const float trust = std::max(0.0F, 1 - part * part);
  return away * trust * trust / (2 + spread * spread);
}

}  // namespace

Plane halved(const Plane& plane) {
  Plane half(plane.width / 2, plane.height / 2);
  for (int y = 0; y < half.height; ++y) {
    const float* const upper = plane.row(2 * y);
    const float* const lower = plane.row(2 * y + 1);
    float* const to = half.row(y);
    for (int x = 0; x < half.width; ++x) {
      to[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) / 4;
    }
  }
  return half;
}

Plane flattened(const Plane& plane) {
  const Grounds grounds(plane);
  Plane flat(plane.width, plane.height);
  for (int y = 0; y < plane.height; ++y) {
    const Between vertical = between(y);
    const float* const from = plane.row(y);
    float* const to = flat.row(y);
    for (int x = 0; x < plane.width; ++x) to[x] = deviation(grounds, from[x], between(x), vertical);
  }
  return flat;
}

}  // namespace tobari::watermark
