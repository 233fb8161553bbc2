// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>

#include <gtest/gtest.h>

#include <tobari/display/display_stats.h>

#include "metrics/display_figures.h"

namespace tobari::vmhost {
namespace {

using display::LogHistogram;
using namespace std::chrono_literals;

void fill(const LogHistogram& histogram, wire::LogHistogram& out) {
  for (const std::uint32_t count : histogram.counts()) out.add_counts(count);
}

wire::Statistics statistics(std::uint64_t frames, const std::vector<std::uint64_t>& inputs_us = {}) {
  wire::Statistics made;
  made.set_frames(frames);
  made.set_observed_ms(frames * 10);
  wire::CodecUse& use = *made.add_codecs();
  use.set_codec("avc420");
  use.set_commands(frames);
  use.set_bytes(frames * 100);
  use.set_pixels(frames * 1000);
  LogHistogram input;
  for (const std::uint64_t us : inputs_us) input.add(us);
  fill(input, *made.add_input_us());
  return made;
}

std::size_t codec(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kCodecs, name) - kCodecs.begin());
}

TEST(DisplayTotals, KnowsEveryCodecOfTheDisplay) {
  for (int i = 0; i < 64; ++i) {
    const auto name = display::name_of(static_cast<display::Codec>(i));
    EXPECT_NE(std::ranges::find(kCodecs, name), kCodecs.end()) << name;
  }
}

TEST(DisplayTotals, AddsWhatIsNew) {
  DisplayTotals totals;
  const wire::Statistics first = statistics(10), second = statistics(25);
  totals.add(first, nullptr);
  totals.add(second, &first);
  EXPECT_EQ(totals.frames, 25U);
  EXPECT_EQ(totals.observed_ms, 250U);
  EXPECT_EQ(totals.codecs[codec("avc420")].pixels, 25'000U);
}

TEST(DisplayTotals, BucketsHoldWhatIsBelowTheirBound) {
  TimeTotals times;
  LogHistogram some;
  for (const std::uint64_t us : {0UL, 255UL, 256UL, 1023UL, 1024UL, 5'000'000UL}) some.add(us);
  wire::LogHistogram said;
  fill(some, said);
  times.add(said, nullptr);
  const auto buckets = times.buckets();
  ASSERT_EQ(buckets.counts.size(), buckets.bounds.size() + 1);
  EXPECT_EQ(buckets.counts[0], 2U) << "below 256 us";
  EXPECT_EQ(buckets.counts[1], 1U) << "below 512 us";
  EXPECT_EQ(buckets.counts[2], 1U) << "below 1024 us";
  EXPECT_EQ(buckets.counts[3], 1U) << "below 1536 us";
  EXPECT_EQ(buckets.counts.back(), 1U);
  EXPECT_EQ(times.count(), 6U);
  const double exact = (255 + 256 + 1023 + 1024 + 5'000'000) / 1e6;
  EXPECT_NEAR(buckets.sum, exact, exact / 16);
}

TEST(DisplayTotals, LiesNeitherFallNorOverflow) {
  DisplayTotals totals;
  const wire::Statistics honest = statistics(100);
  totals.add(honest, nullptr);
  totals.add(statistics(5), &honest);
  EXPECT_EQ(totals.frames, 100U);
  wire::Statistics huge = statistics(std::numeric_limits<std::uint64_t>::max() / 2000);
  huge.set_frames(std::numeric_limits<std::uint64_t>::max());
  huge.mutable_codecs(0)->set_codec("password\n\"");
  for (int i = 0; i < 100; ++i) totals.add(huge, nullptr);
  EXPECT_GT(totals.frames, 100U);
  EXPECT_LT(totals.frames, std::numeric_limits<std::uint64_t>::max() / 2);
  EXPECT_GT(totals.codecs[codec("other")].bytes, 0U);
  wire::Statistics long_one;
  long_one.mutable_encode_us()->mutable_counts()->Resize(5000, 1);
  for (int i = 0; i < 40; ++i) long_one.add_input_us()->add_counts(1);
  totals.add(long_one, nullptr);
  EXPECT_EQ(totals.encode.count(), LogHistogram::kBuckets);
  EXPECT_EQ(totals.input.back().count(), 1U);
}

TEST(DisplayFigures, SumsOutliveProcesses) {
  DisplayFigures figures;
  const DisplayFigures::Steady begin{};
  figures.started("a");
  figures.reported("a", statistics(10), begin);
  figures.reported("a", statistics(30, {20'000, 20'000, 90'000}), begin + 2s);
  const DisplayRates& rates = figures.displays().at("a").rates;
  EXPECT_DOUBLE_EQ(rates.frames_per_second, 10);
  EXPECT_DOUBLE_EQ(rates.bytes_per_second, 1000);
  EXPECT_DOUBLE_EQ(rates.pixels_per_second, 10'000);
  EXPECT_NEAR(rates.input_p50_us, 20'000, 20'000 / 8);
  EXPECT_NEAR(rates.input_p99_us, 90'000, 90'000 / 8);
  figures.ended("a");
  figures.ended("a");
  EXPECT_EQ(figures.ends(), 1U);
  EXPECT_TRUE(figures.displays().empty());
  figures.started("a");
  figures.reported("a", statistics(5), begin + 4s);
  EXPECT_EQ(figures.totals().frames, 35U) << "the new process counts from zero";
  EXPECT_DOUBLE_EQ(figures.displays().at("a").rates.frames_per_second, 0) << "one report is no rate";
}

TEST(DisplayFigures, WhatAnAdoptedDisplayDidBeforeIsNotCountedTwice) {
  DisplayFigures figures;
  const DisplayFigures::Steady begin{};
  figures.adopted("a");
  figures.reported("a", statistics(1000), begin);
  EXPECT_EQ(figures.totals().frames, 0U) << "it is in the sums of the agent before";
  figures.reported("a", statistics(1030), begin + 1s);
  EXPECT_EQ(figures.totals().frames, 30U);
  EXPECT_DOUBLE_EQ(figures.displays().at("a").rates.frames_per_second, 30);
  EXPECT_EQ(figures.taken_over(), 1U);
}

}  // namespace
}  // namespace tobari::vmhost
