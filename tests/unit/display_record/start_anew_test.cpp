// SPDX-License-Identifier: GPL-3.0-or-later
// A decoder that begins where encoders began anew shows the same as one that was there from the beginning.
#include <random>

#include <gtest/gtest.h>

#include "encode/connection_encoders.h"
#include "encode/frame_encoder.h"
#include "perf/pictures.h"
#include "playback/gfx_screen.h"
#include "rdp/gfx_layout.h"
#include "rdp/gfx_pdu.h"
#include "record/whole_picture.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using playback::Canvas;
using playback::GfxScreen;
using testing::Content;
using testing::Picture;

constexpr Size kSize{640, 480};
constexpr Rect kPlace{0, 0, 640, 480};

ClientCodecs everything() {
  return {.clear = true, .planar = true, .avc420 = true, .progressive = true, .copy = true, .cached_tiles = 64};
}

OutputLayout layout() { return {MonitorLayout::single(kSize), {kPlace}}; }

bool same(const GfxScreen& screen, const Picture& picture) {
  Canvas shown;
  screen.compose(shown);
  if (shown.size != picture.size) return false;
  for (int y = 0; y < picture.size.height; ++y) {
    for (int x = 0; x < picture.size.width; ++x) {
      const auto at = static_cast<std::size_t>(y * picture.size.width + x);
      if (shown.pixels[at] != picture.at(x, y)) return false;
    }
  }
  return true;
}

// Clients that watch the same stream; a late one begins with a whole picture.
class Watchers {
 public:
  Watchers() { join({}); }
  void join(const Picture& whole) {
    auto& fresh = screens_.emplace_back(std::make_unique<GfxScreen>());
    gfx::Bytes bytes;
    gfx::lay_out(layout(), 0, bytes);
    if (!whole.pixels.empty()) {
      encode_whole(whole.view(), [&bytes](const EncodedFrame& frame) { gfx::frame(0, 0, frame, bytes); });
    }
    const auto shown = fresh->show(bytes);
    ASSERT_TRUE(shown) << shown.error().message;
  }
  void show(const EncodedFrame& frame) {
    if (frame.empty()) return;
    gfx::Bytes bytes;
    gfx::frame(0, ++id_, frame, bytes);
    for (std::size_t i = 0; i < screens_.size(); ++i) {
      const auto shown = screens_[i]->show(bytes);
      ASSERT_TRUE(shown) << "watcher " << i << ": " << shown.error().message;
    }
  }
  void all_show(const Picture& picture) const {
    for (std::size_t i = 0; i < screens_.size(); ++i) ASSERT_TRUE(same(*screens_[i], picture)) << "watcher " << i;
  }
  [[nodiscard]] std::size_t count() const { return screens_.size(); }

 private:
  std::vector<std::unique_ptr<GfxScreen>> screens_;
  std::uint32_t id_ = 0;
};

// Types, plays a film, turns pages back and forth and scrolls, by chance.
class Desk {
 public:
  explicit Desk(std::uint32_t seed) : random_(seed), picture_(kSize, 0xFFFFFF) {
    for (std::uint32_t i = 0; i < 4; ++i) pages_.push_back(testing::make_picture(Content::kTextLight, kSize, seed + i));
  }
  struct Change {
    Region region;
    std::vector<Move> moves;
  };
  Change step() {
    switch (random_() % 5) {
      case 0:
        return page();
      case 1:
        return scroll();
      case 2:
        return film();
      default:
        return type();
    }
  }
  [[nodiscard]] const Picture& picture() const { return picture_; }

 private:
  Change page() {
    picture_ = pages_[random_() % pages_.size()];
    return {Region(kPlace), {}};
  }
  Change scroll() {
    const int by = 16 * (1 + static_cast<int>(random_() % 4));
    const Move move{{0, 0, kSize.width, kSize.height - by}, {0, -by}};
    Picture moved = picture_;
    for (int y = 0; y < kSize.height - by; ++y) {
      for (int x = 0; x < kSize.width; ++x) moved.set(x, y, picture_.at(x, y + by));
    }
    picture_ = std::move(moved);
    const Rect fresh{0, kSize.height - by, kSize.width, by};
    picture_.fill(fresh, 0xFFFFFF);
    testing::Random random(static_cast<std::uint32_t>(random_()));
    testing::draw_text(picture_, fresh, 0x202020, random);
    return {Region(fresh), {move}};
  }
  Change film() {
    const Rect place{128, 64, 320, 256};
    testing::draw_photo(picture_, place, static_cast<int>(random_() % 1000));
    return {Region(place), {}};
  }
  Change type() {
    const Point at{8 * static_cast<int>(random_() % 78), 16 * static_cast<int>(random_() % 28)};
    testing::draw_glyph(picture_, at, static_cast<char>('a' + random_() % 26), 0x102030);
    return {Region({at.x, at.y, 8, 16}), {}};
  }
  std::mt19937 random_;
  Picture picture_;
  std::vector<Picture> pages_;
};

void run(std::uint32_t seed, int steps) {
  const ClientCodecs codecs = everything();
  const auto shared = std::make_shared<ConnectionEncoders>(codecs);
  FrameEncoder encoder(kSize, codecs, shared);
  encoder.set_line_rate(1'000'000);  // narrow, so that photographs go with loss first
  Watchers watchers;
  Desk desk(seed);
  FrameEncoder::Time now{};
  watchers.show(encoder.encode(desk.picture().view(), Region(kPlace), now));
  std::mt19937 random(seed);
  for (int i = 0; i < steps; ++i) {
    now += 33ms;
    const Desk::Change change = desk.step();
    watchers.show(encoder.encode(desk.picture().view(), change.region, now, std::size_t{64} * 1024, change.moves));
    if (random() % 8 == 0) watchers.show(encoder.refine(desk.picture().view(), now));
    if (random() % 24 == 0) {
      encoder.start_anew();
      shared->start_anew();
      watchers.join(desk.picture());
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
  for (int i = 0; i < 10'000 && encoder.next_refinement(); ++i) {
    now += 33ms;
    watchers.show(encoder.refine(desk.picture().view(), now));
  }
  ASSERT_FALSE(encoder.next_refinement());
  ASSERT_GT(watchers.count(), 1U);
  watchers.all_show(desk.picture());
}

TEST(StartAnew, WhoeverBeginsThereSeesTheSame) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    run(seed, 120);
    if (HasFatalFailure()) return;
  }
}

// A film all the time: the stream is one that needs nothing of what was before.
TEST(StartAnew, InTheMiddleOfAFilm) {
  const ClientCodecs codecs = everything();
  const auto shared = std::make_shared<ConnectionEncoders>(codecs);
  FrameEncoder encoder(kSize, codecs, shared);
  Watchers watchers;
  Picture picture(kSize, 0x336699);
  FrameEncoder::Time now{};
  watchers.show(encoder.encode(picture.view(), Region(kPlace), now));
  bool film = false;
  for (int i = 0; i < 60; ++i) {
    now += 33ms;
    testing::draw_photo(picture, {64, 64, 384, 320}, i * 3);
    const EncodedFrame frame = encoder.encode(picture.view(), Region({64, 64, 384, 320}), now);
    for (const EncodedRect& rect : frame.rects) film = film || rect.codec == Codec::kAvc420;
    watchers.show(frame);
    if (i % 20 == 13) {
      encoder.start_anew();
      shared->start_anew();
      watchers.join(picture);
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_TRUE(film);
  for (int i = 0; i < 1000 && encoder.next_refinement(); ++i) {
    now += 33ms;
    watchers.show(encoder.refine(picture.view(), now));
  }
  EXPECT_EQ(watchers.count(), 4U);
  watchers.all_show(picture);
}

TEST(WholePicture, EveryContentComesBackExactly) {
  for (const Content content : testing::kAllContents) {
    const Picture picture = testing::make_picture(content, kSize);
    GfxScreen screen;
    gfx::Bytes bytes;
    gfx::lay_out(layout(), 0, bytes);
    encode_whole(picture.view(), [&bytes](const EncodedFrame& frame) {
      EXPECT_LT(data_bytes(frame), kWholeFrameBytes + 64UL * 1024 * 5);
      gfx::frame(0, 0, frame, bytes);
    });
    ASSERT_TRUE(screen.show(bytes)) << testing::name_of(content);
    EXPECT_TRUE(same(screen, picture)) << testing::name_of(content);
  }
}

}  // namespace
}  // namespace tobari::display
