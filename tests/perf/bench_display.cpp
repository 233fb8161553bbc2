// SPDX-License-Identifier: GPL-3.0-or-later
// How fast the display's pixels are compared and encoded, and how small they get. Everything is 1920x1080 and one
// thread. `Mpix/s` counts pixels of the picture; `bpp` bits sent for each of them.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/planar.h>
#include <freerdp/codec/progressive.h>
#include <freerdp/codec/region.h>

#include "diff/move_extent.h"
#include "diff/move_search.h"
#include "diff/tile_diff.h"
#include "encode/avc420_encoder.h"
#include "encode/clear_encoder.h"
#include "encode/frame_encoder.h"
#include "encode/planar_encoder.h"
#include "encode/progressive_encoder.h"
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

void report_memory(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kScreen.area()) * 4);
}

// --- the yardsticks: one picture read twice, and one copied

void yardstick_memcmp(benchmark::State& state) {
  const Picture a = make_picture(Content::kInterface, kScreen);
  const Picture b = a;
  for (auto _ : state) {
    benchmark::DoNotOptimize(std::memcmp(a.pixels.data(), b.pixels.data(), a.pixels.size() * 4));
    benchmark::ClobberMemory();
  }
  report_memory(state);
}
BENCHMARK(yardstick_memcmp)->Unit(benchmark::kMillisecond);

void yardstick_memcpy(benchmark::State& state) {
  const Picture a = make_picture(Content::kInterface, kScreen);
  Picture b = a;
  for (auto _ : state) {
    std::memcpy(b.pixels.data(), a.pixels.data(), a.pixels.size() * 4);
    benchmark::ClobberMemory();
  }
  report_memory(state);
}
BENCHMARK(yardstick_memcpy)->Unit(benchmark::kMillisecond);

// --- compare and copy

void diff_unchanged(benchmark::State& state) {
  const Picture picture = make_picture(Content::kInterface, kScreen);
  TileDiff diff;
  diff.reset(kScreen);
  const Region all(bounds(kScreen));
  for (auto _ : state) benchmark::DoNotOptimize(diff.update(picture.view(), all));
  report_memory(state);
}
BENCHMARK(diff_unchanged)->Unit(benchmark::kMillisecond);

void diff_everything_changed(benchmark::State& state) {
  const Picture pictures[] = {make_picture(Content::kPhoto, kScreen, 1), make_picture(Content::kPhoto, kScreen, 40)};
  TileDiff diff;
  diff.reset(kScreen);
  const Region all(bounds(kScreen));
  std::size_t turn = 0;
  for (auto _ : state) benchmark::DoNotOptimize(diff.update(pictures[turn++ % 2].view(), all));
  report_memory(state);
}
BENCHMARK(diff_everything_changed)->Unit(benchmark::kMillisecond);

void diff_text_scrolled(benchmark::State& state) {
  const Picture pictures[] = {make_picture(Content::kTextLight, kScreen, 1),
                              make_picture(Content::kTextLight, kScreen, 2)};
  TileDiff diff;
  diff.reset(kScreen);
  const Region all(bounds(kScreen));
  std::size_t turn = 0;
  for (auto _ : state) benchmark::DoNotOptimize(diff.update(pictures[turn++ % 2].view(), all));
  report_memory(state);
}
BENCHMARK(diff_text_scrolled)->Unit(benchmark::kMillisecond);

// A letter typed into a terminal whose emulator redraws 200x32 pixels for it.
void typed_letter(benchmark::State& state) {
  Picture picture = make_picture(Content::kTextLight, kScreen);
  TileDiff diff;
  diff.reset(kScreen);
  FrameEncoder encoder(kScreen, {});
  FrameEncoder::Time now{};
  (void)encoder.encode(diff.picture(), diff.update(picture.view(), Region(bounds(kScreen))), now);
  const Rect damage{600, 300, 200, 32};
  int letter = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    picture.fill({640, 308, 8, 16}, 0xFFFFFFu);
    draw_glyph(picture, {640, 308}, static_cast<char>('a' + letter++ % 26), 0x202020u);
    now += std::chrono::milliseconds(100);
    const EncodedFrame frame = encoder.encode(diff.picture(), diff.update(picture.view(), Region(damage)), now);
    for (const EncodedRect& rect : frame.rects) bytes += rect.data.size();
  }
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK(typed_letter)->Unit(benchmark::kMicrosecond);

// --- damage

// Small rectangles, each where none was before, as fast as a guest can report them; taken 30 times a second.
void region_flood(benchmark::State& state) {
  Region region;
  unsigned random = 7;
  std::int64_t added = 0;
  for (auto _ : state) {
    random = random * 1664525u + 1013904223u;
    region.add({static_cast<int>(random >> 8) % 1900, static_cast<int>(random >> 20) % 1060, 8, 8});
    if (++added % (1'000'000 / 30) == 0) region.clear();
  }
  state.SetItemsProcessed(added);
}
BENCHMARK(region_flood);

void region_comb(benchmark::State& state) {
  Region region;
  std::int64_t added = 0;
  for (auto _ : state) {
    const int i = static_cast<int>(added % (1'000'000 / 30));
    region.add({i % 640 * 3, i / 640 * 3, 1, 1});
    if (++added % (1'000'000 / 30) == 0) region.clear();
  }
  state.SetItemsProcessed(added);
}
BENCHMARK(region_comb);

// --- moves

// What a search costs that finds nothing: the whole screen is new.
void moves_none(benchmark::State& state) {
  const Picture before = make_picture(content_of(state), kScreen, 1);
  const Picture after = make_picture(content_of(state), kScreen, 40);
  MoveSearch search;
  std::size_t found = 0;
  for (auto _ : state) {
    if (search.promising(after.view(), before.view(), bounds(kScreen))) {
      found += search.find(after.view(), before.view(), bounds(kScreen)).has_value() ? 1 : 0;
    }
  }
  state.SetLabel(std::string(name_of(content_of(state))) + (found > 0 ? ", found something" : ""));
}
BENCHMARK(moves_none)->Apply(all_contents);

// How far a scroll holds, once it is guessed: a page that moved by 36 lines between a still head and foot.
void moves_extent(benchmark::State& state) {
  const Picture document = make_picture(Content::kTextLight, {1920, 1200});
  Picture before = make_picture(Content::kInterface, kScreen);
  Picture after = before;
  const Rect page{0, 100, 1920, 900};
  for (int y = 0; y < page.height; ++y) {
    for (int x = 0; x < page.width; ++x) {
      before.set(x, page.y + y, document.at(x, y));
      after.set(x, page.y + y, document.at(x, y + 36));
    }
  }
  MoveExtent extent;
  MoveExtent::Found found;
  for (auto _ : state) found = extent.find(after.view(), before.view(), bounds(kScreen), {0, -36}, 100'000);
  state.counters["rows"] = found.to.height;
}
BENCHMARK(moves_extent)->Unit(benchmark::kMillisecond);

// A whole session's work for one step of a scroll or a drag: find, move, compare, encode. With and without moves.
void shown(benchmark::State& state, const std::vector<Picture>& pictures, ClientCodecs codecs) {
  TileDiff diff;
  diff.reset(kScreen);
  FrameEncoder encoder(kScreen, codecs);
  FrameEncoder::Time now{};
  const Region all(bounds(kScreen));
  std::size_t turn = 0;
  std::size_t bytes = 0;
  const auto show = [&](const Picture& picture) {
    std::vector<Move> moves;
    if (encoder.copies()) moves = diff.follow_moves(picture.view(), bounds(kScreen));
    const Region changed = diff.update(picture.view(), all);
    const EncodedFrame frame = encoder.encode(diff.picture(), changed, now, FrameEncoder::kFrameByteBudget, moves);
    for (const EncodedRect& rect : frame.rects) bytes += rect.data.size() + 25;
    now += std::chrono::seconds(1);
  };
  for (const Picture& picture : pictures) show(picture);
  bytes = 0;
  for (auto _ : state) show(pictures[turn++ % pictures.size()]);
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}

ClientCodecs client(bool copy, std::uint16_t cached_tiles) {
  return {.clear = true, .planar = true, .avc420 = false, .copy = copy, .cached_tiles = cached_tiles};
}

void scroll_step(benchmark::State& state) {
  const Picture document = make_picture(Content::kTextLight, {1920, 2000});
  std::vector<Picture> pictures(20, Picture(kScreen));
  // Down and up again, so that no step is a jump back.
  for (int i = 0; i < 20; ++i) pictures[static_cast<std::size_t>(i)].paste(document, {0, -36 * std::min(i, 20 - i)});
  shown(state, pictures, client(state.range(0) != 0, 0));
}
BENCHMARK(scroll_step)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void drag_step(benchmark::State& state) {
  const Picture desk = make_picture(Content::kPhoto, kScreen);
  const Picture window = make_picture(Content::kInterface, {900, 600}, 3);
  std::vector<Picture> pictures(20, desk);
  for (int i = 0; i < 20; ++i) {
    const int at = std::min(i, 20 - i);
    pictures[static_cast<std::size_t>(i)].paste(window, {200 + 13 * at, 100 + 7 * at});
  }
  shown(state, pictures, client(state.range(0) != 0, 0));
}
BENCHMARK(drag_step)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// Two windows with text and a photograph in each, brought to the front in turn.
void switch_windows(benchmark::State& state) {
  std::vector<Picture> pictures;
  for (const std::uint32_t seed : {1u, 2u}) {
    pictures.push_back(make_picture(Content::kTextLight, kScreen, seed));
    draw_photo(pictures.back(), {900, 300, 600, 400}, static_cast<int>(seed) * 9);
  }
  shown(state, pictures, client(false, state.range(0) != 0 ? 6000 : 0));
}
BENCHMARK(switch_windows)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// --- encoders without loss

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

// In tiles of 64x64, each an encoding of its own.
template <class Encode>
void tiles(benchmark::State& state, const Encode& encode) {
  const Picture picture = make_picture(content_of(state), kScreen);
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    for (int y = 0; y < kScreen.height; y += 64) {
      for (int x = 0; x < kScreen.width; x += 64) {
        bytes += encode(picture, intersect({x, y, 64, 64}, bounds(kScreen)));
      }
    }
  }
  state.SetLabel(std::string(name_of(content_of(state))));
  report(state, bytes);
}

void clear_tiles(benchmark::State& state) {
  ClearEncoder encoder;
  std::vector<std::byte> out;
  tiles(state, [&](const Picture& picture, const Rect& tile) {
    // Without this the client would have every tile and every column after the first round.
    if (tile.x == 0 && tile.y == 0) encoder.reset();
    out.clear();
    encoder.encode(picture.view(), tile, out);
    return out.size();
  });
}
BENCHMARK(clear_tiles)->Apply(all_contents);

void planar_ours(benchmark::State& state) {
  PlanarEncoder encoder;
  std::vector<std::byte> out;
  tiles(state, [&](const Picture& picture, const Rect& tile) {
    out.clear();
    encoder.encode(picture.view(), tile, out);
    return out.size();
  });
}
BENCHMARK(planar_ours)->Apply(all_contents);

void planar_freerdp(benchmark::State& state) {
  constexpr DWORD kFlags = PLANAR_FORMAT_HEADER_NA | PLANAR_FORMAT_HEADER_RLE;
  const std::unique_ptr<BITMAP_PLANAR_CONTEXT, decltype(&freerdp_bitmap_planar_context_free)> context(
      freerdp_bitmap_planar_context_new(kFlags, 64, 64), freerdp_bitmap_planar_context_free);
  freerdp_planar_topdown_image(context.get(), TRUE);
  std::vector<BYTE> out(64 * 64 * 8);
  tiles(state, [&](const Picture& picture, const Rect& tile) {
    auto size = static_cast<UINT32>(out.size());
    const auto* pixels = reinterpret_cast<const BYTE*>(picture.view().at(tile.x, tile.y));
    (void)freerdp_bitmap_compress_planar(context.get(), pixels, PIXEL_FORMAT_BGRX32, static_cast<UINT32>(tile.width),
                                         static_cast<UINT32>(tile.height), static_cast<UINT32>(kScreen.width) * 4,
                                         out.data(), &size);
    return static_cast<std::size_t>(size);
  });
}
BENCHMARK(planar_freerdp)->Apply(all_contents);

// --- photographs with loss

double psnr(const Picture& picture, const std::vector<std::uint32_t>& shown) {
  double sum = 0;
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    for (int shift = 0; shift <= 16; shift += 8) {
      const int error =
          static_cast<int>((picture.pixels[i] >> shift) & 0xFFu) - static_cast<int>((shown[i] >> shift) & 0xFFu);
      sum += error * error;
    }
  }
  return 10 * std::log10(255.0 * 255.0 * 3.0 * static_cast<double>(shown.size()) / std::max(sum, 1e-9));
}

using Progressive = std::unique_ptr<PROGRESSIVE_CONTEXT, decltype(&progressive_context_free)>;
Progressive progressive(bool encoder) {
  return {progressive_context_new(encoder ? TRUE : FALSE), progressive_context_free};
}

// As FreeRDP's decoder shows it.
double psnr_of_progressive(const Picture& picture, const std::byte* data, std::size_t size) {
  const Progressive decoder = progressive(false);
  std::vector<std::uint32_t> shown(picture.pixels.size());
  (void)progressive_create_surface_context(decoder.get(), 1, static_cast<UINT32>(kScreen.width),
                                           static_cast<UINT32>(kScreen.height));
  REGION16 painted;
  region16_init(&painted);
  (void)progressive_decompress(decoder.get(), reinterpret_cast<const BYTE*>(data), static_cast<UINT32>(size),
                               reinterpret_cast<BYTE*>(shown.data()), PIXEL_FORMAT_BGRX32,
                               static_cast<UINT32>(kScreen.width) * 4, 0, 0, &painted, 1, 1);
  region16_uninit(&painted);
  return psnr(picture, shown);
}

void progressive_ours(benchmark::State& state, ProgressiveEncoder::Quality quality) {
  const Picture picture = make_picture(content_of(state), kScreen);
  ProgressiveEncoder encoder;
  EncodedRect sent;
  for (auto _ : state) sent = encoder.encode(picture.view(), Region(bounds(kScreen)), quality);
  state.SetLabel(std::string(name_of(content_of(state))));
  state.counters["psnr"] = psnr_of_progressive(picture, sent.data.data(), sent.data.size());
  report(state, sent.data.size());
}
BENCHMARK_CAPTURE(progressive_ours, fine, ProgressiveEncoder::Quality::kFine)->Apply(all_contents);
BENCHMARK_CAPTURE(progressive_ours, coarse, ProgressiveEncoder::Quality::kCoarse)->Apply(all_contents);

void progressive_freerdp(benchmark::State& state) {
  const Picture picture = make_picture(content_of(state), kScreen);
  const Progressive encoder = progressive(true);
  BYTE* data = nullptr;
  UINT32 size = 0;
  for (auto _ : state) {
    (void)progressive_compress(encoder.get(), reinterpret_cast<const BYTE*>(picture.pixels.data()),
                               static_cast<UINT32>(picture.pixels.size() * 4), PIXEL_FORMAT_BGRX32,
                               static_cast<UINT32>(kScreen.width), static_cast<UINT32>(kScreen.height),
                               static_cast<UINT32>(kScreen.width) * 4, nullptr, &data, &size);
  }
  state.SetLabel(std::string(name_of(content_of(state))));
  state.counters["psnr"] = psnr_of_progressive(picture, reinterpret_cast<const std::byte*>(data), size);
  report(state, size);
}
BENCHMARK(progressive_freerdp)->Apply(all_contents)->MeasureProcessCPUTime();

// What a session does for a picture: classification and all encoders.
void frame_first(benchmark::State& state) {
  const Picture picture = make_picture(content_of(state), kScreen);
  std::size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    FrameEncoder encoder(kScreen, {});
    state.ResumeTiming();
    const EncodedFrame frame = encoder.encode(picture.view(), Region(bounds(kScreen)), {});
    bytes = 0;
    for (const EncodedRect& rect : frame.rects) bytes += rect.data.size() + 25;
  }
  state.SetLabel(std::string(name_of(content_of(state))));
  report(state, bytes);
}
BENCHMARK(frame_first)->Apply(all_contents);

// --- video

// A window of this size in which everything moves, on a still screen.
void avc420_window(benchmark::State& state) {
  const Rect window{100, 100, static_cast<int>(state.range(0)), static_cast<int>(state.range(1))};
  std::vector<Picture> pictures;
  for (int i = 0; i < 8; ++i) {
    pictures.push_back(make_picture(Content::kTextLight, kScreen));
    draw_photo(pictures.back(), intersect(window, bounds(kScreen)), i);
  }
  auto encoder = Avc420Encoder::create(bounds(kScreen));
  const Region changed = aligned_for_chroma(Region(intersect(window, bounds(kScreen))), kScreen);
  std::size_t turn = 0;
  std::size_t bytes = 0;
  (void)(*encoder)->encode(pictures[0].view(), changed);
  for (auto _ : state) bytes += (*encoder)->encode(pictures[++turn % 8].view(), changed)->data.size();
  report(state, bytes / static_cast<std::size_t>(state.iterations()));
}
BENCHMARK(avc420_window)
    ->Args({64, 64})
    ->Args({640, 360})
    ->Args({1280, 720})
    ->Args({1820, 980})
    ->Unit(benchmark::kMillisecond);

// The same over its own place only, as it is sent.
void avc420_place(benchmark::State& state) {
  const Rect window{100, 100, static_cast<int>(state.range(0)), static_cast<int>(state.range(1))};
  std::vector<Picture> pictures;
  for (int i = 0; i < 8; ++i) {
    pictures.push_back(make_picture(Content::kTextLight, kScreen));
    draw_photo(pictures.back(), window, i);
  }
  auto encoder = Avc420Encoder::create(window);
  const Region changed(window);
  std::size_t turn = 0;
  std::size_t bytes = 0;
  (void)(*encoder)->encode(pictures[0].view(), changed);
  for (auto _ : state) bytes += (*encoder)->encode(pictures[++turn % 8].view(), changed)->data.size();
  report(state, bytes / static_cast<std::size_t>(state.iterations()));
}
BENCHMARK(avc420_place)->Args({640, 360})->Args({1280, 720})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tobari::display

BENCHMARK_MAIN();
