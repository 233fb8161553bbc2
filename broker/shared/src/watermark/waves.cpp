// SPDX-License-Identifier: GPL-3.0-or-later
#include "waves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace tobari::watermark {
namespace {

using Complex = std::complex<float>;
constexpr std::size_t kSide = kWindow;
constexpr double kHalfCircle = std::numbers::pi;

constexpr std::size_t index_of(int x, int y) noexcept {
  return static_cast<std::size_t>((y & (kWindow - 1)) * kWindow + (x & (kWindow - 1)));
}

// In place, radix 2.
class Transform {
 public:
  Transform() {
    for (std::size_t i = 0; i < kSide; ++i) {
      const double angle = -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(kSide);
      turns_[i] = Complex(static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)));
      std::size_t reversed = 0;
      for (std::size_t bit = 1; bit < kSide; bit <<= 1) reversed = (reversed << 1) | ((i & bit) != 0 ? 1u : 0u);
      order_[i] = reversed;
    }
  }
  void run(Complex* values) const {
    for (std::size_t i = 0; i < kSide; ++i) {
      if (order_[i] > i) std::swap(values[i], values[order_[i]]);
    }
    for (std::size_t half = 1; half < kSide; half *= 2) {
      const std::size_t step = kSide / (2 * half);
      for (std::size_t begin = 0; begin < kSide; begin += 2 * half) {
        for (std::size_t i = 0; i < half; ++i) {
          const Complex& turn = turns_[i * step];
          Complex& low = values[begin + i];
          Complex& high = values[begin + i + half];
          const Complex turned(high.real() * turn.real() - high.imag() * turn.imag(),
                               high.real() * turn.imag() + high.imag() * turn.real());
          high = low - turned;
          low += turned;
        }
      }
    }
  }

 private:
  std::array<Complex, kSide> turns_{};
  std::array<std::size_t, kSide> order_{};
};

const Transform& transform() {
  static const Transform made;
  return made;
}

void copy_window(const Plane& flat, const Window& window, std::vector<Complex>& to, bool imaginary) {
  const int right = std::min(flat.width - window.left, kWindow);
  const int bottom = std::min(flat.height - window.top, kWindow);
  for (int y = 0; y < bottom; ++y) {
    const float* const from = flat.row(window.top + y) + window.left;
    for (int x = 0; x < right; ++x) {
      Complex& at = to[index_of(x, y)];
      at = imaginary ? Complex(at.real(), from[x]) : Complex(from[x], at.imag());
    }
  }
}

void transform_both_ways(std::vector<Complex>& values) {
  for (std::size_t y = 0; y < kSide; ++y) transform().run(values.data() + y * kSide);
  std::array<Complex, kSide> column{};
  for (std::size_t x = 0; x < kSide; ++x) {
    for (std::size_t y = 0; y < kSide; ++y) column[y] = values[y * kSide + x];
    transform().run(column.data());
    for (std::size_t y = 0; y < kSide; ++y) values[y * kSide + x] = column[y];
  }
}

// The fade is a constant and one wave, so that faded frequencies are those of the window that are near, each by the
// fade's own spectrum. It falls with the third power of the distance: these many are all but a hundredth of it.
constexpr int kNear = 8;

struct Weights {
  int first = 0;  // frequency
  std::array<std::complex<double>, kNear> of{};
};

// Of the whole frequencies around one, along one side.
Weights weights_at(double frequency) {
  Weights weights{static_cast<int>(std::floor(frequency)) - kNear / 2 + 1, {}};
  // The mean of d waves, d the distance; from one before the first.
  const auto kernel = [](double d) {
    const double below = std::sin(kHalfCircle * d / kWindow);
    return std::abs(below) < 1e-9 ? 1.0 : std::sin(kHalfCircle * d) / (below * kWindow);
  };
  std::array<double, kNear + 2> sums{};
  for (int i = 0; i < kNear + 2; ++i) {
    sums[static_cast<std::size_t>(i)] = kernel(frequency - weights.first - i + 1);
  }
  for (int i = 0; i < kNear; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int k = weights.first + i;
    const double size = 0.5 * sums[at + 1] + 0.25 * (sums[at] + sums[at + 2]);
    // The transform counts from the first pixel, at() from the middle; the fade's middle is half a pixel before that.
    weights.of[at] = std::polar((k & 1) != 0 ? -size : size, kHalfCircle * (frequency - k) / kWindow);
  }
  return weights;
}

// Fades what was not, along one side; `stride` from one frequency to the next.
void fade(Complex* values, std::size_t stride) {
  const Complex turn(static_cast<float>(std::cos(kHalfCircle / kWindow)),
                     static_cast<float>(std::sin(kHalfCircle / kWindow)));
  std::array<Complex, kSide> from{};
  for (std::size_t i = 0; i < kSide; ++i) from[i] = values[i * stride];
  for (std::size_t i = 0; i < kSide; ++i) {
    const Complex& left = from[(i + kSide - 1) % kSide];
    const Complex& right = from[(i + 1) % kSide];
    const Complex around(
        left.real() * turn.real() - left.imag() * turn.imag() + right.real() * turn.real() + right.imag() * turn.imag(),
        left.imag() * turn.real() + left.real() * turn.imag() + right.imag() * turn.real() -
            right.real() * turn.imag());
    values[i * stride] = 0.5F * from[i] - 0.25F * around;
  }
}

std::vector<int> starts(int length, int step) {
  std::vector<int> all;
  const int last = std::max(0, length - kWindow);
  const int count = (last + step - 1) / step;
  for (int i = 0; i <= count; ++i) all.push_back(count == 0 ? 0 : last * i / count);
  return all;
}

}  // namespace

std::vector<Window> windows_over(int width, int height) {
  constexpr int kStep = kWindow / 2;
  for (int step = kStep;; step += kStep / 2) {
    const auto columns = starts(width, step);
    const auto rows = starts(height, step);
    if (columns.size() * rows.size() > kMaxWindows) continue;
    std::vector<Window> windows;
    for (const int top : rows) {
      for (const int left : columns) windows.push_back({left, top});
    }
    return windows;
  }
}

std::complex<double> Waves::at(double fx, double fy) const noexcept {
  constexpr double kMost = kWindow / 2.0;
  if (!(std::abs(fx) < kMost) || !(std::abs(fy) < kMost)) return 0;
  const Weights across = weights_at(fx);
  const Weights down = weights_at(fy);
  std::complex<double> sum = 0;
  for (int i = 0; i < kNear; ++i) {
    double real = 0;
    double imaginary = 0;
    for (int j = 0; j < kNear; ++j) {
      const Complex& value = values_[index_of(across.first + j, down.first + i)];
      const auto& weight = across.of[static_cast<std::size_t>(j)];
      real += value.real() * weight.real() - value.imag() * weight.imag();
      imaginary += value.real() * weight.imag() + value.imag() * weight.real();
    }
    sum += std::complex<double>(real, imaginary) * down.of[static_cast<std::size_t>(i)];
  }
  return sum;
}

std::vector<float> Waves::amplitudes() const {
  std::vector<Complex> faded = values_;
  for (std::size_t y = 0; y < kSide; ++y) fade(faded.data() + y * kSide, 1);
  for (std::size_t x = 0; x < kSide; ++x) fade(faded.data() + x, kSide);
  std::vector<float> sizes(faded.size());
  std::ranges::transform(faded, sizes.begin(), [](const Complex& value) { return std::abs(value); });
  return sizes;
}

// The spectrum of a real signal mirrors itself, so that two of them fit into one transform.
std::vector<Waves> waves_of(const Plane& flat, std::span<const Window> windows) {
  std::vector<Waves> all;
  all.reserve(windows.size());
  for (std::size_t i = 0; i < windows.size(); i += 2) {
    const bool two = i + 1 < windows.size();
    std::vector<Complex> values(kSide * kSide);
    copy_window(flat, windows[i], values, false);
    if (two) copy_window(flat, windows[i + 1], values, true);
    transform_both_ways(values);
    std::vector<Complex> one(values.size());
    std::vector<Complex> other(values.size());
    for (int y = 0; y < kWindow; ++y) {
      for (int x = 0; x < kWindow; ++x) {
        const Complex here = values[index_of(x, y)];
        const Complex mirrored = std::conj(values[index_of(-x, -y)]);
        const Complex difference = here - mirrored;
        one[index_of(x, y)] = 0.5F * (here + mirrored);
        other[index_of(x, y)] = 0.5F * Complex(difference.imag(), -difference.real());
      }
    }
    all.emplace_back(windows[i], std::move(one));
    if (two) all.emplace_back(windows[i + 1], std::move(other));
  }
  return all;
}

}  // namespace tobari::watermark
