// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/waves.h"

#include <cmath>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

namespace tobari::watermark {
namespace {

constexpr double kCircle = 2 * std::numbers::pi;

Plane noise(int width, int height) {
  std::mt19937 random(5);
  std::normal_distribution<float> level(0, 1);
  Plane plane(width, height);
  for (float& value : plane.values) value = level(random);
  return plane;
}

// By the definition.
std::complex<double> summed(const Plane& plane, const Window& window, double fx, double fy) {
  const auto fade = [](int i) { return 0.5 - 0.5 * std::cos(kCircle * (i + 0.5) / kWindow); };
  std::complex<double> sum = 0;
  for (int y = 0; y < kWindow && window.top + y < plane.height; ++y) {
    for (int x = 0; x < kWindow && window.left + x < plane.width; ++x) {
      const double angle = -kCircle * (fx * (x - kWindow / 2) + fy * (y - kWindow / 2)) / kWindow;
      sum += std::polar(plane.row(window.top + y)[window.left + x] * fade(x) * fade(y), angle);
    }
  }
  return sum;
}

// Noise has sums of about 96 (256 pixels' fades, squared): a hundredth or two of that.
constexpr double kClose = 2;

TEST(Waves, AnyFrequencyIsWhatTheDefinitionSays) {
  const Plane plane = noise(300, 280);
  const std::vector<Window> windows{{0, 0}, {44, 24}, {20, 3}};
  const auto waves = waves_of(plane, windows);
  ASSERT_EQ(waves.size(), windows.size());
  for (std::size_t i = 0; i < windows.size(); ++i) {
    for (const auto& [fx, fy] :
         {Place{0, 0}, Place{7, -3}, Place{-12.5, 4.25}, Place{19.9, 20.01}, Place{0.3, -47.6}}) {
      EXPECT_LT(std::abs(waves[i].at(fx, fy) - summed(plane, windows[i], fx, fy)), kClose)
          << i << ": " << fx << ' ' << fy;
    }
  }
}

TEST(Waves, OneThatReachesBeyondThePictureSeesZeroesThere) {
  const Plane plane = noise(200, 150);
  const Window window;
  const auto waves = waves_of(plane, std::vector{window});
  EXPECT_LT(std::abs(waves[0].at(8.4, 5.7) - summed(plane, window, 8.4, 5.7)), kClose);
}

TEST(Waves, AmplitudesAreThoseOfTheWholeFrequencies) {
  const Plane plane = noise(256, 256);
  const Window window;
  const auto amplitudes = waves_of(plane, std::vector{window})[0].amplitudes();
  for (const auto& [x, y] : {std::pair{0, 0}, std::pair{9, 4}, std::pair{255, 17}, std::pair{130, 255}}) {
    const double expected = std::abs(summed(plane, window, x, y));
    EXPECT_NEAR(amplitudes[static_cast<std::size_t>(y * kWindow + x)], expected, 0.01) << x << ' ' << y;
  }
}

TEST(Waves, ThereAreNoFrequenciesFromHalfAWindowOn) {
  const auto waves = waves_of(noise(256, 256), std::vector<Window>{{}});
  EXPECT_EQ(waves[0].at(128, 0), 0.0);
  EXPECT_EQ(waves[0].at(0, -1e30), 0.0);
  EXPECT_EQ(waves[0].at(std::nan(""), 0), 0.0);
}

}  // namespace
}  // namespace tobari::watermark
