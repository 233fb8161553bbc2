// SPDX-License-Identifier: GPL-3.0-or-later
// One seed, one sequence, the same on every machine: std::'s distributions do not promise that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tobari::sim {

using Moment = std::chrono::nanoseconds;  // of true time since the schedule began; also a span of it

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }
  [[nodiscard]] std::size_t index(std::size_t size) noexcept { return static_cast<std::size_t>(below(size)); }
  [[nodiscard]] bool chance(std::uint32_t in_a_thousand) noexcept { return below(1000) < in_a_thousand; }
  [[nodiscard]] bool rarely(std::uint32_t in_a_million) noexcept { return below(1'000'000) < in_a_million; }
  [[nodiscard]] Moment between(Moment least, Moment most) noexcept {
    const auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + Moment(static_cast<std::int64_t>(below(width)));
  }
  template <class Id>
  [[nodiscard]] Id id() {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
    std::uint64_t bits = 0;
    int left = 0;
    for (char& digit : text) {
      if (digit != 'x') continue;
      if (left == 0) {
        bits = next();
        left = 16;
      }
      digit = kDigits[static_cast<std::size_t>(bits & 15U)];
      bits >>= 4U;
      --left;
    }
    return Id::parse(text).value();
  }

 private:
  std::uint64_t state_;
};

// For traces.
template <class Id>
[[nodiscard]] std::string_view brief(const Id& id) noexcept {
  return std::string_view(id.str()).substr(0, 4);
}

[[nodiscard]] inline double seconds_of(Moment moment) noexcept { return static_cast<double>(moment.count()) / 1e9; }

}  // namespace tobari::sim
