// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/display_totals.h"

#include <algorithm>
#include <cmath>

namespace tobari::vmhost {
namespace {

using display::LogHistogram;

// Of one count in one report. A million a second would be much; sums of this take longer than any machine to overflow.
constexpr std::uint64_t kMaxRise = std::uint64_t{1} << 40U;
constexpr double kMicrosecond = 1e-6;

constexpr std::array<std::uint64_t, TimeTotals::kBounds> kBoundsUs{
    256,    512,    1'024,  1'536,  2'048,  3'072,   4'096,   6'144,   8'192,   12'288,    16'384,
    24'576, 32'768, 49'152, 65'536, 98'304, 131'072, 196'608, 262'144, 524'288, 1'048'576, 4'194'304};
static_assert(std::ranges::all_of(kBoundsUs, [](std::uint64_t bound) {
  return LogHistogram::least_of(LogHistogram::bucket_of(bound)) == bound;
}));

std::uint64_t rise(std::uint64_t now, std::uint64_t before) {
  return now > before ? std::min(now - before, kMaxRise) : 0;
}

std::uint64_t count_of(const wire::LogHistogram& histogram, int bucket) {
  return bucket < histogram.counts_size() ? histogram.counts(bucket) : 0;
}

int buckets_of(const wire::LogHistogram& histogram) {
  return std::min(histogram.counts_size(), static_cast<int>(LogHistogram::kBuckets));
}

double middle_of(int bucket) {
  const auto index = static_cast<std::size_t>(bucket);
  const auto least = static_cast<double>(LogHistogram::least_of(index));
  const double next = index + 1 < LogHistogram::kBuckets ? static_cast<double>(LogHistogram::least_of(index + 1))
                                                         : static_cast<double>(LogHistogram::kLargest);
  return index < 16 ? least : (least + next) / 2;  // the first sixteen are whole numbers
}

const wire::CodecUse* find(const wire::Statistics* in, const std::string& codec) {
  if (in == nullptr) return nullptr;
  const auto at = std::ranges::find(in->codecs(), codec, [](const wire::CodecUse& use) { return use.codec(); });
  return at == in->codecs().end() ? nullptr : &*at;
}

const wire::LogHistogram* screen_of(const wire::Statistics* in, int screen) {
  return in != nullptr && screen < in->input_us_size() ? &in->input_us(screen) : nullptr;
}

}  // namespace

const std::array<double, TimeTotals::kBounds>& TimeTotals::bounds() {
  static const auto kSeconds = [] {
    std::array<double, kBounds> seconds{};
    std::ranges::transform(kBoundsUs, seconds.begin(),
                           [](std::uint64_t bound) { return static_cast<double>(bound) / 1e6; });
    return seconds;
  }();
  return kSeconds;
}

void TimeTotals::add(const wire::LogHistogram& now, const wire::LogHistogram* before) {
  std::size_t place = 0;
  for (int bucket = 0; bucket < buckets_of(now); ++bucket) {
    while (place < kBounds && LogHistogram::least_of(static_cast<std::size_t>(bucket)) >= kBoundsUs[place]) ++place;
    const std::uint64_t more = rise(now.counts(bucket), before != nullptr ? count_of(*before, bucket) : 0);
    counts_[place] += more;
    sum_ += static_cast<double>(more) * middle_of(bucket) * kMicrosecond;
  }
}

std::uint64_t TimeTotals::count() const noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts_) sum += count;
  return sum;
}

metrics::BucketCounts TimeTotals::buckets() const { return {bounds(), counts_, sum_}; }

void DisplayTotals::add(const wire::Statistics& now, const wire::Statistics* before) {
  const auto former = [before](auto get) { return before != nullptr ? get(*before) : std::uint64_t{0}; };
  frames += rise(now.frames(), former([](const auto& of) { return of.frames(); }));
  frames_acknowledged +=
      rise(now.frames_acknowledged(), former([](const auto& of) { return of.frames_acknowledged(); }));
  observed_ms += rise(now.observed_ms(), former([](const auto& of) { return of.observed_ms(); }));
  for (const wire::CodecUse& use : now.codecs()) {
    const wire::CodecUse* known = find(before, use.codec());
    const auto at = std::ranges::find(kCodecs, use.codec());
    Codec& sum = codecs[at == kCodecs.end() ? codecs.size() - 1 : static_cast<std::size_t>(at - kCodecs.begin())];
    sum.commands += rise(use.commands(), known != nullptr ? known->commands() : 0);
    sum.bytes += rise(use.bytes(), known != nullptr ? known->bytes() : 0);
    sum.pixels += rise(use.pixels(), known != nullptr ? known->pixels() : 0);
  }
  encode.add(now.encode_us(), before != nullptr ? &before->encode_us() : nullptr);
  acknowledge.add(now.acknowledge_us(), before != nullptr ? &before->acknowledge_us() : nullptr);
  const int screens = std::min(now.input_us_size(), static_cast<int>(kMaxScreens));
  for (int i = 0; i < screens; ++i) input[static_cast<std::size_t>(i)].add(now.input_us(i), screen_of(before, i));
}

DisplayRates rates_between(const wire::Statistics& before, const wire::Statistics& now, double seconds) {
  DisplayRates rates;
  if (seconds <= 0) return rates;
  DisplayTotals between;
  between.add(now, &before);
  rates.frames_per_second = static_cast<double>(between.frames) / seconds;
  for (const DisplayTotals::Codec& codec : between.codecs) {
    rates.bytes_per_second += static_cast<double>(codec.bytes) / seconds;
    rates.pixels_per_second += static_cast<double>(codec.pixels) / seconds;
  }
  std::array<std::uint64_t, LogHistogram::kBuckets> counts{};
  std::uint64_t all = 0;
  for (int screen = 0; screen < now.input_us_size(); ++screen) {
    const wire::LogHistogram* former = screen_of(&before, screen);
    for (int bucket = 0; bucket < buckets_of(now.input_us(screen)); ++bucket) {
      const std::uint64_t more =
          rise(now.input_us(screen).counts(bucket), former != nullptr ? count_of(*former, bucket) : 0);
      counts[static_cast<std::size_t>(bucket)] += more;
      all += more;
    }
  }
  const auto quantile = [&counts, all](double share) -> std::uint32_t {
    const auto wanted = std::max(std::ceil(share * static_cast<double>(all)), 1.0);
    double seen = 0;
    for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
      seen += static_cast<double>(counts[bucket]);
      if (seen >= wanted) return static_cast<std::uint32_t>(middle_of(static_cast<int>(bucket)));
    }
    return 0;
  };
  if (all == 0) return rates;
  rates.input_p50_us = quantile(0.5);
  rates.input_p99_us = quantile(0.99);
  return rates;
}

}  // namespace tobari::vmhost
