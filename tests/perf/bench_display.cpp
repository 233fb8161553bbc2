// SPDX-License-Identifier: GPL-3.0-or-later
// How fast the display's pixels are compared and encoded, and how small they get. Everything is 1920x1080 and one
// thread. `Mpix/s` counts pixels of the picture; `bpp` bits sent for each of them.
#include <cstring>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "diff/tile_diff.h"
#include "encode/clear_encoder.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;

constexpr Size kScreen{1920, 1080};

void report(benchmark::State& state, std::size_t bytes) {
  const auto pixels = static_cast<double>(kScreen.area());
  state.counters["Mpix/s"] =
      benchmark::Counter(pixels * static_cast<double>(state.iterations()) / 1e6, benchmark::Counter::kIsRate);
  state.counters["bpp"] = static_cast<double>(bytes) * 8 / pixels;
}

Content content_of(const benchmark::State& state) { return testing::kAllContents[state.range(0)]; }

void all_contents(benchmark::internal::Benchmark* bench) {
  for (std::size_t i = 0; i < std::size(testing::kAllContents); ++i) bench->Arg(static_cast<int>(i));
  bench->Unit(benchmark::kMillisecond);
}

// The first time that a client sees the picture.
void clear_first(benchmark::State& state) {
  const Picture picture = make_picture(content_of(state), kScreen);
  ClearEncoder encoder;
  std::vector<std::byte> out;
  for (auto _ : state) {
    state.PauseTiming();
    encoder.reset();
    out.clear();
    state.ResumeTiming();
    encoder.encode(picture.view(), bounds(kScreen), out);
  }
  state.SetLabel(std::string(name_of(content_of(state))));
  report(state, out.size());
}
BENCHMARK(clear_first)->Apply(all_contents);

// Another picture of the same kind: the client has met the letters before.
void clear_again(benchmark::State& state) {
  const Picture pictures[] = {make_picture(content_of(state), kScreen, 1), make_picture(content_of(state), kScreen, 2)};
  ClearEncoder encoder;
  std::vector<std::byte> out;
  std::size_t turn = 0;
  for (const Picture& picture : pictures) encoder.encode(picture.view(), bounds(kScreen), out);
  for (auto _ : state) {
    out.clear();
    encoder.encode(pictures[turn++ % 2].view(), bounds(kScreen), out);
  }
  state.SetLabel(std::string(name_of(content_of(state))));
  report(state, out.size());
}
BENCHMARK(clear_again)->Apply(all_contents);

}  // namespace
}  // namespace tobari::display

BENCHMARK_MAIN();
