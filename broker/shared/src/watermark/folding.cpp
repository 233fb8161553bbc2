// SPDX-License-Identifier: GPL-3.0-or-later
#include "folding.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdlib>
#include <numbers>
#include <vector>

#include <tobari/watermark/mark_pattern.h>

#include "mark_lines.h"

namespace tobari::watermark {
namespace {

constexpr int kSide = kPatternPeriod;
using Complex = std::complex<float>;

std::vector<float> sum_of_periods(const Plane& flat, const Homography& map) {
  std::vector<float> sum(std::size_t{kSide} * kSide);
  for (int y = 0; y < flat.height; ++y) {
    const float* const row = flat.row(y);
    for (int x = 0; x < flat.width; ++x) {
      if (row[x] == 0) continue;
      const Place at = map.of({static_cast<double>(x), static_cast<double>(y)});
      // Near a horizon there is no place.
      if (!(std::abs(at.x) < 1e6) || !(std::abs(at.y) < 1e6)) continue;
      const auto column = static_cast<unsigned>(std::lround(at.x)) & (kSide - 1);
      const auto line = static_cast<unsigned>(std::lround(at.y)) & (kSide - 1);
      sum[line * kSide + column] += row[x];
    }
  }
  return sum;
}

// The transform's part that lines are in: a from -kMaxFrequency to kMaxFrequency, b from 0 to there.
class Lines {
 public:
  explicit Lines(const std::vector<float>& period) : values_(std::size_t{kWidth} * kHeight) {
    std::array<Complex, kSide> turns{};
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const double angle = -kCircle * static_cast<double>(i) / kSide;
      turns[i] = Complex(static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)));
    }
    std::vector<Complex> rows(std::size_t{kWidth} * kSide);
    for (int a = -kMaxFrequency; a <= kMaxFrequency; ++a) {
      for (std::size_t y = 0; y < kSide; ++y) {
        Complex sum = 0;
        for (std::size_t x = 0; x < kSide; ++x) {
          const Complex& turn = turns[static_cast<unsigned>(a * static_cast<int>(x)) & (kSide - 1)];
          const float value = period[y * kSide + x];
          sum += Complex(value * turn.real(), value * turn.imag());
        }
        rows[y * kWidth + static_cast<std::size_t>(a + kMaxFrequency)] = sum;
      }
    }
    for (int b = 0; b < kHeight; ++b) {
      for (std::size_t y = 0; y < kSide; ++y) {
        const Complex turn = turns[static_cast<unsigned>(b * static_cast<int>(y)) & (kSide - 1)];
        for (std::size_t a = 0; a < kWidth; ++a) {
          values_[static_cast<std::size_t>(b) * kWidth + a] += rows[y * kWidth + a] * turn;
        }
      }
    }
  }

  [[nodiscard]] Complex at(int a, int b) const noexcept {
    return values_[static_cast<std::size_t>(b) * kWidth + static_cast<std::size_t>(a + kMaxFrequency)];
  }
  // The mean power of the data's lines around one.
  [[nodiscard]] float usual(int a, int b) const {
    constexpr int kReach = 4;
    float sum = 0;
    int count = 0;
    for (const DataLine& data : mark_lines().data) {
      if (std::abs(data.line.a - a) > kReach || std::abs(data.line.b - b) > kReach) continue;
      sum += std::norm(at(data.line.a, data.line.b));
      ++count;
    }
    return sum / static_cast<float>(std::max(count, 1));
  }

 private:
  static constexpr std::size_t kWidth = 2 * kMaxFrequency + 1;
  static constexpr int kHeight = kMaxFrequency + 1;
  std::vector<Complex> values_;
};

}  // namespace

std::array<float, kCodeBits> folded(const Plane& flat, const Homography& map) {
  const Lines lines(sum_of_periods(flat, map));
  std::array<float, kCodeBits> soft{};
  for (const DataLine& data : mark_lines().data) {
    const Line& line = data.line;
    const double phase = kCircle * line.phase / kPhases;
    const Complex turned =
        lines.at(line.a, line.b) * Complex(static_cast<float>(std::cos(phase)), static_cast<float>(-std::sin(phase)));
    const float usual = lines.usual(line.a, line.b);
    if (usual > 0) soft[data.bit] += turned.real() / std::sqrt(usual);
  }
  return soft;
}

}  // namespace tobari::watermark
