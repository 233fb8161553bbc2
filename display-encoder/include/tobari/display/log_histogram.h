// SPDX-License-Identifier: GPL-3.0-or-later
// How often values of which size occurred: constant memory, one increment a value. Values up to 7 have a bucket each;
// above, every power of two is split into eight, so that a value is known to within an eighth. Values are unsigned and
// of the user's unit (microseconds, wherever this tree uses it); what is beyond kLargest counts as kLargest. Value
// type.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tobari::display {

class LogHistogram {
 public:
  static constexpr std::size_t kBuckets = 200;
  static constexpr std::uint64_t kLargest = (std::uint64_t{1} << 27) - 1;  // of microseconds: 134 s

  void add(std::uint64_t value) noexcept { ++counts_[bucket_of(value)]; }

  void merge(const LogHistogram& other) noexcept {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  }
  // What came after `earlier`, an older state of this histogram.
  [[nodiscard]] LogHistogram since(const LogHistogram& earlier) const noexcept {
    LogHistogram later;
    for (std::size_t i = 0; i < kBuckets; ++i) later.counts_[i] = counts_[i] - std::min(counts_[i], earlier.counts_[i]);
    return later;
  }

  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint32_t n : counts_) sum += n;
    return sum;
  }
  // The middle of the bucket where this share (0..1) of all values lies at or below; none when there are no values.
  [[nodiscard]] std::optional<std::uint64_t> quantile(double share) const noexcept {
    const std::uint64_t all = count();
    if (all == 0) return std::nullopt;
    const auto wanted =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all))));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return middle_of(i);
    }
    return middle_of(kBuckets - 1);
  }
  [[nodiscard]] std::span<const std::uint32_t, kBuckets> counts() const noexcept { return counts_; }

  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    value = std::min(value, kLargest);
    if (value < kParts) return static_cast<std::size_t>(value);
    const auto power = static_cast<std::size_t>(std::bit_width(value)) - 1;
    return kParts * (power - kPartBits) + static_cast<std::size_t>(value >> (power - kPartBits));
  }
  [[nodiscard]] static constexpr std::uint64_t least_of(std::size_t bucket) noexcept {
    if (bucket < 2 * kParts) return bucket;
    const std::size_t shift = bucket / kParts - 1;
    return (kParts + bucket % kParts) << shift;
  }

 private:
  static constexpr std::size_t kPartBits = 3;
  static constexpr std::uint64_t kParts = 1U << kPartBits;

  [[nodiscard]] static constexpr std::uint64_t middle_of(std::size_t bucket) noexcept {
    const std::uint64_t width = bucket < 2 * kParts ? 1 : std::uint64_t{1} << (bucket / kParts - 1);
    return least_of(bucket) + width / 2;
  }

  std::array<std::uint32_t, kBuckets> counts_{};
};

static_assert(LogHistogram::bucket_of(LogHistogram::kLargest) == LogHistogram::kBuckets - 1);

}  // namespace tobari::display
