// SPDX-License-Identifier: GPL-3.0-or-later
// How fast and how well the graphics channel's messages are compressed, by what they carry. `MB/s` counts bytes before
// compression, `ratio` is what is left of them.
#include <cstdint>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "bulk_client.h"
#include "encode/avc420_encoder.h"
#include "encode/clear_encoder.h"
#include "encode/planar_encoder.h"
#include "pictures.h"
#include "rdp/gfx_pdu.h"
#include "rdp/zgfx.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;
using Message = std::vector<std::byte>;

constexpr Size kScreen{1280, 720};
constexpr std::uint32_t kPictures = 12;

Message message_of(EncodedRect rect, std::uint32_t id) {
  EncodedFrame frame;
  frame.rects.push_back(std::move(rect));
  Message message;
  gfx::frame(0, id, frame, message);
  return message;
}

// Pictures of one kind, each other than the last, as one encoder sends them.
std::vector<Message> lossless(RectEncoder& encoder, Content content) {
  std::vector<Message> messages;
  for (std::uint32_t i = 1; i <= kPictures; ++i) {
    const Picture picture = make_picture(content, kScreen, i);
    EncodedRect rect{.codec = encoder.codec(), .rect = bounds(kScreen), .data = {}, .regions = {}};
    encoder.encode(picture.view(), rect.rect, rect.data);
    messages.push_back(message_of(std::move(rect), i));
  }
  return messages;
}

std::vector<Message> clear_text() {
  ClearEncoder encoder;
  return lossless(encoder, Content::kTextLight);
}

std::vector<Message> clear_interface() {
  ClearEncoder encoder;
  return lossless(encoder, Content::kInterface);
}

std::vector<Message> planar_photo() {
  PlanarEncoder encoder;
  return lossless(encoder, Content::kPhoto);
}

std::vector<Message> video() {
  std::vector<Message> messages;
  const auto encoder = Avc420Encoder::create(bounds(kScreen));
  Picture picture(kScreen);
  for (std::uint32_t i = 1; encoder && i <= kPictures; ++i) {
    draw_photo(picture, bounds(kScreen), static_cast<int>(i));
    auto rect = (*encoder)->encode(picture.view(), Region(bounds(kScreen)));
    if (rect) messages.push_back(message_of(std::move(*rect), i));
  }
  return messages;
}

// Every message for the first time.
void compress(benchmark::State& state, std::vector<Message> (*make)()) {
  const std::vector<Message> messages = make();
  std::size_t before = 0;
  std::size_t after = 0;
  Message out;
  for (auto _ : state) {
    state.PauseTiming();
    SegmentedWriter writer;
    state.ResumeTiming();
    for (const Message& message : messages) {
      out.clear();
      writer.wrap(message, out);
      before += message.size();
      after += out.size();
    }
  }
  state.counters["MB/s"] = benchmark::Counter(static_cast<double>(before) / 1e6, benchmark::Counter::kIsRate);
  state.counters["ratio"] = static_cast<double>(after) / static_cast<double>(before);
}

// What it costs a client made of FreeRDP, in bytes after decompression.
void decompress(benchmark::State& state, std::vector<Message> (*make)()) {
  std::vector<Message> wrapped;
  SegmentedWriter writer;
  std::size_t bytes = 0;
  for (const Message& message : make()) {
    writer.wrap(message, wrapped.emplace_back());
    bytes += message.size();
  }
  std::size_t done = 0;
  for (auto _ : state) {
    testing::BulkClient client;
    for (const Message& message : wrapped) benchmark::DoNotOptimize(client.receive(message));
    done += bytes;
  }
  state.counters["MB/s"] = benchmark::Counter(static_cast<double>(done) / 1e6, benchmark::Counter::kIsRate);
}

#define TOBARI_BENCH_MESSAGES(function)                                                         \
  BENCHMARK_CAPTURE(function, clear_text, clear_text)->Unit(benchmark::kMillisecond);           \
  BENCHMARK_CAPTURE(function, clear_interface, clear_interface)->Unit(benchmark::kMillisecond); \
  BENCHMARK_CAPTURE(function, planar_photo, planar_photo)->Unit(benchmark::kMillisecond);       \
  BENCHMARK_CAPTURE(function, video, video)->Unit(benchmark::kMillisecond)

TOBARI_BENCH_MESSAGES(compress);
TOBARI_BENCH_MESSAGES(decompress);

}  // namespace
}  // namespace tobari::display

BENCHMARK_MAIN();
