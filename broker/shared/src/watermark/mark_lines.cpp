// SPDX-License-Identifier: GPL-3.0-or-later
#include "mark_lines.h"

#include <algorithm>
#include <utility>

#include "mark_code.h"

namespace tobari::watermark {
namespace {

constexpr int kMinRadius2 = 30;
constexpr int kMaxRadius2 = 410;
// Windows, lines of text and tables put their energy where a frequency is (nearly) horizontal or vertical.
constexpr int kMinAxis = 3;

// Spread over all directions with different lengths, so that no other map of the plane takes them onto each other.
constexpr std::array<std::pair<int, int>, kSyncLines> kSync{
    {{8, 3}, {10, 6}, {6, 9}, {3, 8}, {-4, 10}, {-6, 6}, {-10, 7}, {-9, 3}}};

// splitmix64: the same numbers everywhere.
class Numbers {
 public:
  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  int below(std::size_t limit) noexcept { return static_cast<int>(next() % limit); }

 private:
  std::uint64_t state_ = 0x746F62617269u;
};

bool is_sync(int a, int b) { return std::ranges::contains(kSync, std::pair(a, b)); }

MarkLines make() {
  MarkLines lines;
  Numbers numbers;
  for (std::size_t i = 0; i < kSyncLines; ++i) {
    lines.sync[i] = {kSync[i].first, kSync[i].second, numbers.below(kPhases)};
  }
  // Half the plane: the other half is the same lines again.
  for (int b = kMinAxis; b <= kMaxFrequency; ++b) {
    for (int a = -kMaxFrequency; a <= kMaxFrequency; ++a) {
      const int radius2 = a * a + b * b;
      if (std::abs(a) < kMinAxis || radius2 < kMinRadius2 || radius2 > kMaxRadius2 || is_sync(a, b)) continue;
      lines.data.push_back({{a, b, numbers.below(kPhases)}, 0});
    }
  }
  // What follows each other in the code lies far apart in the spectrum.
  for (std::size_t i = lines.data.size(); i > 1; --i) {
    std::swap(lines.data[i - 1], lines.data[static_cast<std::size_t>(numbers.below(i))]);
  }
  for (std::size_t i = 0; i < lines.data.size(); ++i) lines.data[i].bit = i % kCodeBits;
  return lines;
}

}  // namespace

const MarkLines& mark_lines() {
  static const MarkLines lines = make();
  return lines;
}

}  // namespace tobari::watermark
