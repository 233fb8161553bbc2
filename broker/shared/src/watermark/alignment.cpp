// SPDX-License-Identifier: GPL-3.0-or-later
#include "alignment.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include <tobari/watermark/mark_pattern.h>

#include "mark_lines.h"

namespace tobari::watermark {
namespace {

// How much of eight random phases agrees with the best place; and from where on a window is believed.
constexpr double kNoiseShare = 0.7;
constexpr double kMinShare = 0.75;

// What the window has of each line, turned back by the phase that the line has where the desktop's place is (0, 0).
using Phasors = std::array<std::complex<double>, kSyncLines>;

Phasors phasors_of(const Waves& waves, const FrequencyMap& map) {
  Phasors phasors{};
  for (std::size_t i = 0; i < kSyncLines; ++i) {
    const Line& line = mark_lines().sync[i];
    const Place at = map.of(line.a, line.b);
    phasors[i] = waves.at(at.x, at.y) * std::polar(1.0, -kCircle * line.phase / kPhases);
  }
  return phasors;
}

double length_of(const Phasors& phasors) {
  double sum = 0;
  for (const auto& phasor : phasors) sum += std::abs(phasor);
  return sum;
}

// How much of the phasors' lengths agrees with the window's middle being at `place`.
double agreeing(const Phasors& phasors, const Place& place) {
  double sum = 0;
  for (std::size_t i = 0; i < kSyncLines; ++i) {
    const Line& line = mark_lines().sync[i];
    const double angle = kCircle * (line.a * place.x + line.b * place.y) / kPatternPeriod;
    sum += phasors[i].real() * std::cos(angle) + phasors[i].imag() * std::sin(angle);
  }
  return sum;
}

struct Fit {
  Place place;
  double value = 0;
};

// The best place in a square around one, by pixels, then by parts of them.
Fit improved(const Phasors& phasors, Fit best, double step) {
  for (; step > 0.05; step /= 2) {
    const Place middle = best.place;
    for (int y = -1; y <= 1; ++y) {
      for (int x = -1; x <= 1; ++x) {
        const Place place{middle.x + x * step, middle.y + y * step};
        if (const double value = agreeing(phasors, place); value > best.value) best = {place, value};
      }
    }
  }
  return best;
}

constexpr int kCoarse = 2;  // pixels: the shortest wave of the lines is 21 long

Fit best_place(const Phasors& phasors, const Place& around, int reach) {
  Fit best{around, -1e300};
  for (int y = -reach; y <= reach; y += kCoarse) {
    for (int x = -reach; x <= reach; x += kCoarse) {
      const Place place{around.x + x, around.y + y};
      if (const double value = agreeing(phasors, place); value > best.value) best = {place, value};
    }
  }
  return improved(phasors, best, 1);
}

// The waves themselves along a row, at every kCoarse-th pixel.
constexpr std::size_t kPlaces = kPatternPeriod / kCoarse;
using Row = std::array<float, kPlaces>;
struct RowsOfLines {
  std::array<Row, kSyncLines> cosine{};
  std::array<Row, kSyncLines> sine{};
  RowsOfLines() {
    for (std::size_t i = 0; i < kSyncLines; ++i) {
      for (std::size_t x = 0; x < kPlaces; ++x) {
        const double angle = kCircle * mark_lines().sync[i].a * static_cast<double>(x) * kCoarse / kPatternPeriod;
        cosine[i][x] = static_cast<float>(std::cos(angle));
        sine[i][x] = static_cast<float>(std::sin(angle));
      }
    }
  }
};

// The same over a whole period, a row of places at once.
Fit best_place_anywhere(const Phasors& phasors) {
  static const RowsOfLines rows;
  Fit best{{}, -1e300};
  for (int y = 0; y < kPatternPeriod; y += kCoarse) {
    Row values{};
    for (std::size_t i = 0; i < kSyncLines; ++i) {
      const auto turned = phasors[i] * std::polar(1.0, -kCircle * mark_lines().sync[i].b * y / kPatternPeriod);
      const auto real = static_cast<float>(turned.real());
      const auto imaginary = static_cast<float>(turned.imag());
      for (std::size_t x = 0; x < kPlaces; ++x) values[x] += real * rows.cosine[i][x] + imaginary * rows.sine[i][x];
    }
    const auto top = std::ranges::max_element(values);
    if (*top > best.value)
      best = {{static_cast<double>(kCoarse * (top - values.begin())), static_cast<double>(y)}, *top};
  }
  best.value = agreeing(phasors, best.place);
  return improved(phasors, best, 1);
}

// Solves a symmetric positive system in place (Gauss).
template <std::size_t N>
std::array<double, N> solved(std::array<std::array<double, N>, N> m, std::array<double, N> v) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t row = i + 1; row < N; ++row) {
      const double factor = m[row][i] / m[i][i];
      for (std::size_t column = i; column < N; ++column) m[row][column] -= factor * m[i][column];
      v[row] -= factor * v[i];
    }
  }
  std::array<double, N> x{};
  for (std::size_t i = N; i-- > 0;) {
    double sum = v[i];
    for (std::size_t column = i + 1; column < N; ++column) sum -= m[i][column] * x[column];
    x[i] = sum / m[i][i];
  }
  return x;
}

struct Match {  // of a window's middle
  double p = 0, q = 0;
  Place place;
  double weight = 0;
};

// Least squares. A little weight on no perspective and on what was there before keeps it together while there are few.
std::array<double, 8> fitted(const std::vector<Match>& matches, const std::array<double, 8>& before) {
  std::array<std::array<double, 8>, 8> m{};
  std::array<double, 8> v{};
  const auto add = [&m, &v](const std::array<double, 8>& row, double value, double weight) {
    for (std::size_t i = 0; i < 8; ++i) {
      for (std::size_t j = 0; j < 8; ++j) m[i][j] += weight * row[i] * row[j];
      v[i] += weight * row[i] * value;
    }
  };
  double total = 1e-9;
  for (const Match& match : matches) total += match.weight;
  for (const Match& match : matches) {
    const double w = match.weight / total;
    const Place& to = match.place;
    add({1, match.p, match.q, 0, 0, 0, -to.x * match.p, -to.x * match.q}, to.x, w);
    add({0, 0, 0, 1, match.p, match.q, -to.y * match.p, -to.y * match.q}, to.y, w);
  }
  for (std::size_t i = 0; i < 8; ++i) {
    std::array<double, 8> row{};
    row[i] = 1;
    const bool perspective = i >= 6;
    add(row, perspective ? 0 : before[i], perspective ? 300.0 : 1e-3);
  }
  return solved(m, v);
}

// As a plane map around the seed's middle, which lies at `place`.
std::array<double, 8> affine(const FrequencyMap& map, const Place& place) {
  // A window of the picture is kPatternPeriod / frequencies long; the displacement is the transpose's inverse's
  // inverse.
  return {place.x,
          map.xx * kPatternPeriod,
          map.yx * kPatternPeriod,
          place.y,
          map.xy * kPatternPeriod,
          map.yy * kPatternPeriod,
          0,
          0};
}

class Growing {
 public:
  Growing(std::span<const Waves> windows, const Place& origin, const std::array<double, 8>& first)
      : windows_(windows), origin_(origin), c_(first) {}

  [[nodiscard]] Homography map() const { return {origin_, c_}; }

  // Fits the map to all windows within a distance of the origin, searching each within `reach` pixels of where it
  // should be.
  void fit(double radius, int reach) {
    std::vector<Match> matches;
    const Homography now = map();
    for (const Waves& window : windows_) {
      const Place middle = window.window().middle();
      if (std::hypot(middle.x - origin_.x, middle.y - origin_.y) > radius) continue;
      const Phasors phasors = phasors_of(window, now.frequencies_at(middle));
      const double length = length_of(phasors);
      if (!(length > 0)) continue;  // also where a horizon makes it no number
      const Fit found = best_place(phasors, now.of(middle), reach);
      const double share = found.value / length;
      if (!(share >= kMinShare)) continue;
      const double sure = (share - kNoiseShare) / (1 - kNoiseShare);
      matches.push_back(
          {(middle.x - origin_.x) / kWindow, (middle.y - origin_.y) / kWindow, found.place, length * sure * sure});
    }
    if (!matches.empty()) c_ = fitted(matches, c_);
  }

  [[nodiscard]] double certainty() const {
    double sum = 0;
    double squares = 0;
    const Homography now = map();
    for (const Waves& window : windows_) {
      const Place middle = window.window().middle();
      const Phasors phasors = phasors_of(window, now.frequencies_at(middle));
      const double length = length_of(phasors);
      if (!(length > 0)) continue;  // also where a horizon makes it no number
      // Each window counts alike, however strong what it shows is.
      sum += agreeing(phasors, now.of(middle)) / length;
      for (const auto& phasor : phasors) squares += std::norm(phasor) / (2 * length * length);
    }
    return squares > 0 ? sum / std::sqrt(squares) : 0;
  }

 private:
  std::span<const Waves> windows_;
  Place origin_;
  std::array<double, 8> c_;
};

}  // namespace

FrequencyMap Homography::frequencies_at(const Place& pixel) const noexcept {
  // The derivative, in pixels of the desktop for one of the picture; its transpose takes frequencies over.
  constexpr double kStep = 1;
  const Place right = of({pixel.x + kStep, pixel.y});
  const Place left = of({pixel.x - kStep, pixel.y});
  const Place below = of({pixel.x, pixel.y + kStep});
  const Place above = of({pixel.x, pixel.y - kStep});
  constexpr double kScale = static_cast<double>(kWindow) / kPatternPeriod / (2 * kStep);
  return {(right.x - left.x) * kScale, (right.y - left.y) * kScale, (below.x - above.x) * kScale,
          (below.y - above.y) * kScale};
}

double agreement(const Waves& window, const FrequencyMap& guess) {
  const Phasors phasors = phasors_of(window, guess);
  const double length = length_of(phasors);
  if (!(length > 0)) return 0;
  return best_place_anywhere(phasors).value / length;
}

std::optional<Alignment> align(std::span<const Waves> windows, const Waves& seed, const FrequencyMap& guess) {
  const Phasors phasors = phasors_of(seed, guess);
  if (!(length_of(phasors) > 0)) return std::nullopt;
  const Fit first = best_place_anywhere(phasors);
  Growing growing(windows, seed.window().middle(), affine(guess, first.place));
  constexpr int kReach = 8;  // less than half the shortest wave
  const Window& last = windows.back().window();
  const double far = std::hypot(last.left + kWindow, last.top + kWindow);
  for (double radius = kWindow * 0.75; radius < far; radius *= 1.5) growing.fit(radius, kReach);
  growing.fit(far, kReach);
  growing.fit(far, kReach / 2);
  return Alignment{growing.map(), growing.certainty()};
}

}  // namespace tobari::watermark
