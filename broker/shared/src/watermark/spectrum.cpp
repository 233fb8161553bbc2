// SPDX-License-Identifier: GPL-3.0-or-later
#include "spectrum.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace tobari::watermark {
namespace {

using Complex = std::complex<float>;
constexpr std::size_t kSide = kWindow;

const std::array<float, kSide>& fade() {
  static const auto made = [] {
    std::array<float, kSide> values{};
    for (std::size_t i = 0; i < kSide; ++i) {
      values[i] = static_cast<float>(
          0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(kSide)));
    }
    return values;
  }();
  return made;
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

void copy_faded(const Plane& flat, const Window& window, std::vector<Complex>& to, bool imaginary) {
  const int right = std::min(flat.width - window.left, kWindow);
  const int bottom = std::min(flat.height - window.top, kWindow);
  for (int y = 0; y < bottom; ++y) {
    const float* const from = flat.row(window.top + y) + window.left;
    const float across = fade()[static_cast<std::size_t>(y)];
    for (int x = 0; x < right; ++x) {
      const float value = from[x] * across * fade()[static_cast<std::size_t>(x)];
      Complex& at = to[static_cast<std::size_t>(y) * kSide + static_cast<std::size_t>(x)];
      at = imaginary ? Complex(at.real(), value) : Complex(value, at.imag());
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

// Each by the mean of a square around it.
Spectrum whitened(const std::vector<float>& amplitudes) {
  constexpr int kReach = 9;
  constexpr int kLength = 2 * kReach + 1;
  const auto at = [](int x, int y) {
    return static_cast<std::size_t>((y & (kWindow - 1)) * kWindow + (x & (kWindow - 1)));
  };
  std::vector<float> rows(amplitudes.size());
  for (int y = 0; y < kWindow; ++y) {
    float sum = 0;
    for (int x = -kReach; x <= kReach; ++x) sum += amplitudes[at(x, y)];
    for (int x = 0; x < kWindow; ++x) {
      rows[at(x, y)] = sum;
      sum += amplitudes[at(x + kReach + 1, y)] - amplitudes[at(x - kReach, y)];
    }
  }
  Spectrum white;
  for (int x = 0; x < kWindow; ++x) {
    float sum = 0;
    for (int y = -kReach; y <= kReach; ++y) sum += rows[at(x, y)];
    for (int y = 0; y < kWindow; ++y) {
      const float usual = sum / (kLength * kLength);
      const float amplitude = amplitudes[at(x, y)];
      white.set(x, y, usual > 1e-6F ? std::min(amplitude / usual, Spectrum::kMaxAmplitude) : 0);
      sum += rows[at(x, y + kReach + 1)] - rows[at(x, y - kReach)];
    }
  }
  return white;
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

void Spectrum::add(const Spectrum& other) noexcept {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
}

void Spectrum::scale(float by) noexcept {
  for (float& value : values_) value *= by;
}

Spectrum Spectrum::widened() const {
  Spectrum across;
  Spectrum wide;
  for (int y = 0; y < kWindow; ++y) {
    for (int x = 0; x < kWindow; ++x) across.set(x, y, std::max({at(x - 1, y), at(x, y), at(x + 1, y)}));
  }
  for (int y = 0; y < kWindow; ++y) {
    for (int x = 0; x < kWindow; ++x) {
      wide.set(x, y, std::max({across.at(x, y - 1), across.at(x, y), across.at(x, y + 1)}));
    }
  }
  return wide;
}

// The spectrum of a real signal mirrors itself, so that two of them fit into one transform.
TwoSpectra spectra_of(const Plane& flat, const Window& first, const Window& second) {
  std::vector<Complex> values(kSide * kSide);
  copy_faded(flat, first, values, false);
  copy_faded(flat, second, values, true);
  transform_both_ways(values);
  std::vector<float> one(values.size());
  std::vector<float> other(values.size());
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::size_t at = y * kSide + x;
      const Complex here = values[at];
      const Complex mirrored = std::conj(values[((kSide - y) % kSide) * kSide + (kSide - x) % kSide]);
      one[at] = std::abs(here + mirrored);
      other[at] = std::abs(here - mirrored);
    }
  }
  return {whitened(one), whitened(other)};
}

std::complex<double> amplitude_at(const Plane& flat, const Window& window, double fx, double fy) {
  const int right = std::min(flat.width - window.left, kWindow);
  const int bottom = std::min(flat.height - window.top, kWindow);
  std::array<float, kSide> cosine{};
  std::array<float, kSide> sine{};
  for (int x = 0; x < right; ++x) {
    const double angle = -2 * std::numbers::pi * fx * (x - kWindow / 2.0);
    const auto at = static_cast<std::size_t>(x);
    cosine[at] = static_cast<float>(std::cos(angle)) * fade()[at];
    sine[at] = static_cast<float>(std::sin(angle)) * fade()[at];
  }
  std::complex<double> sum = 0;
  for (int y = 0; y < bottom; ++y) {
    const float* const from = flat.row(window.top + y) + window.left;
    std::array<float, 8> real{};
    std::array<float, 8> imaginary{};
    int x = 0;
    for (; x + 8 <= right; x += 8) {
      for (int lane = 0; lane < 8; ++lane) {
        const auto i = static_cast<std::size_t>(lane);
        const auto at = static_cast<std::size_t>(x + lane);
        real[i] += from[at] * cosine[at];
        imaginary[i] += from[at] * sine[at];
      }
    }
    for (; x < right; ++x) {
      real[0] += from[x] * cosine[static_cast<std::size_t>(x)];
      imaginary[0] += from[x] * sine[static_cast<std::size_t>(x)];
    }
    std::complex<double> row = 0;
    for (std::size_t i = 0; i < 8; ++i) row += std::complex<double>(real[i], imaginary[i]);
    row *= fade()[static_cast<std::size_t>(y)];
    const double angle = -2 * std::numbers::pi * fy * (y - kWindow / 2.0);
    sum += row * std::complex<double>(std::cos(angle), std::sin(angle));
  }
  return sum;
}

}  // namespace tobari::watermark
