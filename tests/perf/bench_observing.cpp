// SPDX-License-Identifier: GPL-3.0-or-later
// What it costs to count, and to make small pictures.
#include <chrono>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "encode/downscale.h"
#include "encode/thumbnail.h"
#include "pictures.h"
#include "session/input_relay.h"
#include "stats/stats_recorder.h"

namespace tobari::display {
namespace {

constexpr Size kScreen{1920, 1080};

// One frame of a hundred commands, from the key that it answers to its acknowledgement.
void stats_frame(benchmark::State& state) {
  EncodedFrame frame;
  for (int i = 0; i < 100; ++i) {
    frame.rects.push_back({.codec = i % 2 == 0 ? Codec::kClear : Codec::kSolid,
                           .rect = {64 * (i % 30), 64 * (i / 30), 64, 64},
                           .data = std::vector<std::byte>(50),
                           .regions = {}});
  }
  StatsRecorder recorder;
  InputRelay input;
  StatsRecorder::Time now{std::chrono::hours(1)};
  recorder.begin_client(now);
  FrameId id = 0;
  for (auto _ : state) {
    input.key({0x1E, false, true});
    const auto pressed = input.take_unanswered();
    now = SystemClock().now();
    recorder.sent(
        frame, {.id = ++id, .screen = 0, .encoding = now - *pressed, .pressed = pressed, .unsent = 0, .in_flight = 1},
        now);
    recorder.left(id, now);
    recorder.acknowledged(id, now);
  }
  benchmark::DoNotOptimize(recorder.of_client(now));
}
BENCHMARK(stats_frame);

void thumbnail_scale(benchmark::State& state) {
  const testing::Picture picture = make_picture(testing::Content::kInterface, kScreen);
  for (auto _ : state) benchmark::DoNotOptimize(downscale(picture.view(), {480, 270}));
}
BENCHMARK(thumbnail_scale)->Unit(benchmark::kMillisecond);

void thumbnail_whole(benchmark::State& state) {
  const testing::Picture picture = make_picture(testing::kAllContents[state.range(0)], kScreen);
  std::size_t bytes = 0;
  for (auto _ : state) bytes = make_thumbnail(picture.view()).value().size();
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetLabel(std::string(testing::name_of(testing::kAllContents[state.range(0)])));
}
BENCHMARK(thumbnail_whole)->DenseRange(1, 6)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tobari::display
