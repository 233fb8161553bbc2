// SPDX-License-Identifier: GPL-3.0-or-later
// What all displays of a host have done since the agent was started, those that have ended included: sums that only
// rise, of processes that each count from zero. A report is a claim of a process that parses hostile bytes: whatever it
// says, sums neither fall nor overflow, and codecs are those that we know. Value type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <tobari/display/log_histogram.h>
#include <tobari/metrics/metrics.h>

#include "tobari/display_control.pb.h"

namespace tobari::vmhost {

// As in tobari/display/display_stats.h; the last is whatever a newer display calls differently.
inline constexpr std::array<std::string_view, 12> kCodecs{"raw",   "clear", "planar",      "avc420",
                                                          "solid", "jpeg",  "progressive", "video_surface",
                                                          "copy",  "store", "recall",      "other"};

// A display's histogram of microseconds, summed up over many of them.
class TimeTotals {
 public:
  // Upper ends of the buckets that Prometheus is given, in seconds: powers of two and the middle between them, which
  // are borders of LogHistogram's own buckets, so that nothing is split.
  static constexpr std::size_t kBounds = 22;
  [[nodiscard]] static const std::array<double, kBounds>& bounds();

  void add(const wire::LogHistogram& now, const wire::LogHistogram* before);
  [[nodiscard]] std::uint64_t count() const noexcept;
  // Valid as long as this is and nothing is added.
  [[nodiscard]] metrics::BucketCounts buckets() const;

 private:
  std::array<std::uint64_t, kBounds + 1> counts_{};
  double sum_ = 0;  // in seconds, to within a sixteenth: values are known by their buckets
};

struct DisplayTotals {
  static constexpr std::size_t kMaxScreens = 16;
  struct Codec {
    std::uint64_t commands = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pixels = 0;
  };

  std::uint64_t frames = 0;
  std::uint64_t frames_acknowledged = 0;
  std::uint64_t observed_ms = 0;
  std::array<Codec, kCodecs.size()> codecs{};
  TimeTotals encode, acknowledge;
  std::array<TimeTotals, kMaxScreens> input;

  // A process' report after its report before; null: its first.
  void add(const wire::Statistics& now, const wire::Statistics* before);
};

// How fast a display works: between two reports of one process.
struct DisplayRates {
  double frames_per_second = 0;
  double bytes_per_second = 0;
  double pixels_per_second = 0;
  // Of all screens; 0: no key or button was answered.
  std::uint32_t input_p50_us = 0;
  std::uint32_t input_p99_us = 0;
};
[[nodiscard]] DisplayRates rates_between(const wire::Statistics& before, const wire::Statistics& now, double seconds);

}  // namespace tobari::vmhost
