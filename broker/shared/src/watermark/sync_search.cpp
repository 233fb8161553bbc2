// SPDX-License-Identifier: GPL-3.0-or-later
#include "sync_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "mark_lines.h"

namespace tobari::watermark {
namespace {

// Steps of less than one frequency at the lines' places; widened() bears the rest.
constexpr double kMinScale = 0.42;
constexpr double kScaleStep = 1.022;
constexpr int kScales = 46;
constexpr double kTurnStep = 1.2 * std::numbers::pi / 180;
constexpr int kTurns = 18;  // to each side
constexpr double kStretchStep = 0.04;
constexpr int kStretches = 4;  // to each side; shears likewise

// What is further below the best is noise. It only saves time.
constexpr double kMinScore = 3.2;

// How a desktop at its own size would lie there: turned, stretched and sheared.
struct Shape {
  FrequencyMap map;
  std::array<float, kSyncLines> x{};  // of each line
  std::array<float, kSyncLines> y{};
};

// Of the matrix that displaces the desktop's pixels, inverted and transposed.
FrequencyMap map_of(double turn, double stretch, double shear) {
  const double c = std::cos(turn);
  const double s = std::sin(turn);
  const double sx = std::exp(stretch / 2);
  const double sy = 1 / sx;
  // displacement: turn * ((sx, shear), (0, sy)); its determinant is 1
  const double m00 = c * sx;
  const double m01 = c * shear - s * sy;
  const double m10 = s * sx;
  const double m11 = s * shear + c * sy;
  return {m11, -m10, -m01, m00};
}

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (int turn = -kTurns; turn <= kTurns; ++turn) {
    for (int stretch = -kStretches; stretch <= kStretches; ++stretch) {
      for (int shear = -kStretches; shear <= kStretches; ++shear) {
        Shape shape{map_of(turn * kTurnStep, stretch * kStretchStep, shear * kStretchStep), {}, {}};
        for (std::size_t i = 0; i < kSyncLines; ++i) {
          const Place at = shape.map.of(mark_lines().sync[i].a, mark_lines().sync[i].b);
          shape.x[i] = static_cast<float>(at.x);
          shape.y[i] = static_cast<float>(at.y);
        }
        shapes.push_back(shape);
      }
    }
  }
  return shapes;
}

FrequencyMap scaled(const FrequencyMap& map, double scale) {
  return {map.xx / scale, map.xy / scale, map.yx / scale, map.yy / scale};
}

float score_of(const Spectrum& wide, const Shape& shape, float shrink) {
  constexpr float kRound = kWindow + 0.5F;  // towards the nearest, by cutting off: frequencies are above -kWindow
  float sum = 0;
  for (std::size_t i = 0; i < kSyncLines; ++i) {
    sum += wide.at(static_cast<int>(shape.x[i] * shrink + kRound), static_cast<int>(shape.y[i] * shrink + kRound));
  }
  return sum;
}

// Where the top of a parabola through three values lies, from the middle one.
double top_of(double left, double middle, double right) {
  const double curve = left - 2 * middle + right;
  return curve < 0 ? std::clamp((left - right) / (2 * curve), -0.5, 0.5) : 0;
}

struct Peak {
  Line line;
  Place at;
  double weight = 0;
};

Peak peak_near(const Spectrum& spectrum, const Line& line, const Place& expected) {
  const int x0 = static_cast<int>(std::lround(expected.x));
  const int y0 = static_cast<int>(std::lround(expected.y));
  int x = x0;
  int y = y0;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if (spectrum.at(x0 + dx, y0 + dy) > spectrum.at(x, y)) {
        x = x0 + dx;
        y = y0 + dy;
      }
    }
  }
  const double middle = spectrum.at(x, y);
  return {line,
          {x + top_of(spectrum.at(x - 1, y), middle, spectrum.at(x + 1, y)),
           y + top_of(spectrum.at(x, y - 1), middle, spectrum.at(x, y + 1))},
          middle * middle};
}

// The linear map that takes the lines to their peaks best.
FrequencyMap fitted(const std::vector<Peak>& peaks, const FrequencyMap& otherwise) {
  double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0, ya = 0, yb = 0;
  for (const Peak& peak : peaks) {
    const double a = peak.line.a;
    const double b = peak.line.b;
    aa += peak.weight * a * a;
    ab += peak.weight * a * b;
    bb += peak.weight * b * b;
    xa += peak.weight * peak.at.x * a;
    xb += peak.weight * peak.at.x * b;
    ya += peak.weight * peak.at.y * a;
    yb += peak.weight * peak.at.y * b;
  }
  const double determinant = aa * bb - ab * ab;
  if (determinant < 1e-6) return otherwise;
  return {(xa * bb - xb * ab) / determinant, (xb * aa - xa * ab) / determinant, (ya * bb - yb * ab) / determinant,
          (yb * aa - ya * ab) / determinant};
}

FrequencyMap refined(const Spectrum& spectrum, FrequencyMap map) {
  constexpr int kRounds = 3;
  constexpr double kFar = 0.8;  // such a peak is another's
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Peak> peaks;
    for (const Line& line : mark_lines().sync) {
      const Place expected = map.of(line.a, line.b);
      const Peak peak = peak_near(spectrum, line, expected);
      const double far = std::hypot(peak.at.x - expected.x, peak.at.y - expected.y);
      if (round == 0 || far < kFar) peaks.push_back(peak);
    }
    if (peaks.size() < 4) return map;
    map = fitted(peaks, map);
  }
  return map;
}

// At the lines' places exactly, between four frequencies.
double brightness_of(const Spectrum& spectrum, const FrequencyMap& map) {
  double sum = 0;
  for (const Line& line : mark_lines().sync) {
    const Place at = map.of(line.a, line.b);
    const int x = static_cast<int>(std::floor(at.x));
    const int y = static_cast<int>(std::floor(at.y));
    const double u = at.x - x;
    const double v = at.y - y;
    sum += (spectrum.at(x, y) * (1 - u) + spectrum.at(x + 1, y) * u) * (1 - v) +
           (spectrum.at(x, y + 1) * (1 - u) + spectrum.at(x + 1, y + 1) * u) * v;
  }
  return sum;
}

}  // namespace

std::vector<Candidate> find_maps(const Spectrum& spectrum, std::size_t count) {
  static const std::vector<Shape> shapes = all_shapes();
  const Spectrum wide = spectrum.widened();
  std::vector<Candidate> best(kScales);  // one a scale
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kScales; ++i) {
    const double scale = kMinScale * std::pow(kScaleStep, i);
    Candidate& best_of_scale = best[static_cast<std::size_t>(i)];
    for (const Shape& shape : shapes) {
      const double score = score_of(wide, shape, static_cast<float>(1 / scale));
      sum += score;
      squares += score * score;
      if (score > best_of_scale.score) best_of_scale = {scaled(shape.map, scale), score};
    }
  }
  const double tried = static_cast<double>(shapes.size()) * kScales;
  const double mean = sum / tried;
  const double deviation = std::sqrt(std::max(squares / tried - mean * mean, 1e-9));
  // The widened spectrum only says where to look: who is right is seen by whose peaks lie where one map has them all.
  for (Candidate& candidate : best) {
    candidate.score = (candidate.score - mean) / deviation;
    if (candidate.score < kMinScore) continue;
    candidate.map = refined(spectrum, candidate.map);
    candidate.brightness = brightness_of(spectrum, candidate.map);
  }
  std::ranges::sort(best, std::ranges::greater{}, &Candidate::brightness);
  std::erase_if(best, [](const Candidate& candidate) { return candidate.score < kMinScore; });
  best.resize(std::min(count, best.size()));
  return best;
}

std::vector<Candidate> find_upright(const Spectrum& spectrum, std::size_t count) {
  constexpr double kFineStep = 1.003;
  constexpr double kDistinct = 1.02;
  std::vector<Candidate> found;
  const double last = kMinScale * std::pow(kScaleStep, kScales);
  for (double scale = kMinScale; scale < last; scale *= kFineStep) {
    const FrequencyMap map = scaled({}, scale);
    found.push_back({map, 0, brightness_of(spectrum, map)});
  }
  std::ranges::sort(found, std::ranges::greater{}, &Candidate::brightness);
  std::vector<Candidate> best;
  for (const Candidate& candidate : found) {
    const auto near = [&candidate](const Candidate& other) {
      const double ratio = other.map.xx / candidate.map.xx;
      return ratio < kDistinct && ratio * kDistinct > 1;
    };
    if (best.size() < count && std::ranges::none_of(best, near)) best.push_back(candidate);
  }
  return best;
}

}  // namespace tobari::watermark
