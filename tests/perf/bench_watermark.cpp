// SPDX-License-Identifier: GPL-3.0-or-later
// What a mark costs: the session's work for a picture, without, with a visible, an invisible and with both marks.
// 1920x1080, one thread.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "diff/tile_diff.h"
#include "encode/frame_encoder.h"
#include "pictures.h"
#include "watermark/screen_mark.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;

constexpr Size kScreen{1920, 1080};
constexpr std::uint64_t kNumber = 0x0123456789ab4cdeu;
constexpr const char* kText = "ALICE 2026-11-27 08:15Z 192.0.2.7 0F8C1A2B";

std::shared_ptr<const ScreenMark> mark_of(std::int64_t kind) {
  return ScreenMark::make((kind & 1) != 0 ? kText : "", (kind & 2) != 0 ? std::optional(kNumber) : std::nullopt);
}

std::string name_of_mark(std::int64_t kind) {
  static constexpr const char* kNames[] = {"no mark", "visible", "invisible", "both"};
  return kNames[kind];
}

// Everything changes from one picture to the next: compared, marked, copied, encoded.
void marked_frame(benchmark::State& state) {
  const auto content = testing::kAllContents[state.range(0)];
  const Picture pictures[] = {make_picture(content, kScreen, 1), make_picture(content, kScreen, 2)};
  TileDiff diff;
  diff.reset(kScreen, mark_of(state.range(1)));
  FrameEncoder encoder(kScreen, {.clear = true, .planar = true, .avc420 = false, .copy = false, .cached_tiles = 0});
  FrameEncoder::Time now{};
  const Region all(bounds(kScreen));
  std::size_t bytes = 0;
  std::size_t turn = 0;
  const auto show = [&] {
    const Region changed = diff.update(pictures[turn++ % 2].view(), all);
    for (const EncodedRect& rect : encoder.encode(diff.picture(), changed, now).rects) bytes += rect.data.size() + 25;
    now += std::chrono::seconds(1);
  };
  show();
  show();
  bytes = 0;
  for (auto _ : state) show();
  state.SetLabel(std::string(name_of(content)) + ", " + name_of_mark(state.range(1)));
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK(marked_frame)->ArgsProduct({{1, 4, 5, 6}, {0, 1, 2, 3}})->Unit(benchmark::kMillisecond);

// Compare and copy alone, of a picture that changed whole and of one that did not.
void marked_diff(benchmark::State& state) {
  const Picture pictures[] = {make_picture(Content::kInterface, kScreen, 1),
                              make_picture(state.range(0) != 0 ? Content::kPhoto : Content::kInterface, kScreen, 1)};
  TileDiff diff;
  diff.reset(kScreen, mark_of(state.range(1)));
  const Region all(bounds(kScreen));
  std::size_t turn = 0;
  for (auto _ : state) benchmark::DoNotOptimize(diff.update(pictures[turn++ % 2].view(), all));
  state.SetLabel(std::string(state.range(0) != 0 ? "everything changed, " : "nothing changed, ") +
                 name_of_mark(state.range(1)));
}
BENCHMARK(marked_diff)->ArgsProduct({{0, 1}, {0, 1, 2, 3}})->Unit(benchmark::kMillisecond);

// A letter in a text that has been there: what it is on the wire.
void marked_letter(benchmark::State& state) {
  Picture picture = make_picture(Content::kTextLight, kScreen);
  TileDiff diff;
  diff.reset(kScreen, mark_of(state.range(0)));
  FrameEncoder encoder(kScreen, {});
  FrameEncoder::Time now{};
  (void)encoder.encode(diff.picture(), diff.update(picture.view(), Region(bounds(kScreen))), now);
  int letter = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const int x = 40 + 8 * (letter % 200);
    const int y = 18 * (letter / 200 % 58);
    picture.fill({x, y, 8, 16}, 0xFFFFFFu);
    draw_glyph(picture, {x, y}, static_cast<char>('a' + letter % 26), 0x202020u);
    ++letter;
    now += std::chrono::milliseconds(100);
    const Region changed = diff.update(picture.view(), Region({x - 40, y, 200, 16}));
    for (const EncodedRect& rect : encoder.encode(diff.picture(), changed, now).rects) bytes += rect.data.size() + 25;
  }
  state.SetLabel(name_of_mark(state.range(0)));
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK(marked_letter)->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);

// A page scrolls by 36 lines.
void marked_scroll(benchmark::State& state) {
  const Picture document = make_picture(Content::kTextLight, {1920, 2000});
  std::vector<Picture> pictures(20, Picture(kScreen));
  for (int i = 0; i < 20; ++i) pictures[static_cast<std::size_t>(i)].paste(document, {0, -36 * std::min(i, 20 - i)});
  TileDiff diff;
  diff.reset(kScreen, mark_of(state.range(0)));
  FrameEncoder encoder(kScreen, {.clear = true, .planar = true, .avc420 = false, .copy = true, .cached_tiles = 0});
  FrameEncoder::Time now{};
  const Region all(bounds(kScreen));
  std::size_t bytes = 0;
  std::size_t turn = 0;
  const auto show = [&] {
    const Picture& picture = pictures[turn++ % pictures.size()];
    const auto moves = diff.follow_moves(picture.view(), bounds(kScreen));
    const Region changed = diff.update(picture.view(), all);
    const EncodedFrame frame = encoder.encode(diff.picture(), changed, now, FrameEncoder::kFrameByteBudget, moves);
    for (const EncodedRect& rect : frame.rects) bytes += rect.data.size() + 25;
    now += std::chrono::seconds(1);
  };
  for (std::size_t i = 0; i < pictures.size(); ++i) show();
  bytes = 0;
  for (auto _ : state) show();
  state.SetLabel(name_of_mark(state.range(0)));
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK(marked_scroll)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

void making_a_mark(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(mark_of(3));
}
BENCHMARK(making_a_mark)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tobari::display
