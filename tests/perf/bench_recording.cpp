// SPDX-License-Identifier: GPL-3.0-or-later
// What recording costs: a whole picture where a reader may begin (on the encode thread), and packing, sealing and
// hashing (on the recorder's own).
#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

#include <tobari/recording/sealer.h>

#include "encode/frame_encoder.h"
#include "pictures.h"
#include "record/whole_picture.h"

namespace tobari::display {
namespace {

using testing::Content;

constexpr Size kScreen{1920, 1080};

recording::Sealer sealer() {
  static const recording::KeyPair keys = recording::make_key_pair();
  return recording::Sealer::create(keys.public_key, "0f8fad5b-d9cb-469f-a165-70867728950e", 0).value();
}

void recording_whole_picture(benchmark::State& state) {
  const auto picture = testing::make_picture(static_cast<Content>(state.range(0)), kScreen);
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    encode_whole(picture.view(), [&bytes](const EncodedFrame& frame) { bytes += data_bytes(frame); });
  }
  state.counters["kB"] = static_cast<double>(bytes) / 1e3;
}
BENCHMARK(recording_whole_picture)
    ->Arg(static_cast<int>(Content::kTextLight))
    ->Arg(static_cast<int>(Content::kInterface))
    ->Arg(static_cast<int>(Content::kPhoto))
    ->Unit(benchmark::kMillisecond);

// A quarter of a megabyte of what ClearCodec, or AVC and planar (random bytes do for those), has made.
void recording_seal(benchmark::State& state, bool encoded_text) {
  recording::Bytes content;
  if (encoded_text) {
    const auto picture = testing::make_picture(Content::kTextLight, kScreen);
    FrameEncoder encoder(kScreen, {});
    const auto frame = encoder.encode(picture.view(), Region(bounds(kScreen)), {});
    for (const EncodedRect& rect : frame.rects) content.insert(content.end(), rect.data.begin(), rect.data.end());
  }
  std::uint32_t state_of_noise = 1;
  content.resize(std::min<std::size_t>(encoded_text ? content.size() : 262'144, 262'144));
  if (!encoded_text) {
    for (std::byte& b : content) {
      state_of_noise = state_of_noise * 1664525U + 1013904223U;
      b = static_cast<std::byte>(state_of_noise >> 24);
    }
  }
  auto seals = sealer();
  std::size_t sealed = 0;
  for (auto _ : state) sealed = seals.seal({}, content).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(content.size()) * static_cast<std::int64_t>(state.iterations()));
  state.counters["of"] = static_cast<double>(sealed) / static_cast<double>(content.size());
}
BENCHMARK_CAPTURE(recording_seal, text, true);
BENCHMARK_CAPTURE(recording_seal, video_or_photograph, false);

}  // namespace
}  // namespace tobari::display
