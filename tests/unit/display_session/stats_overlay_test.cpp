// SPDX-License-Identifier: GPL-3.0-or-later
// The panel of figures in a picture. That everything else stays as it is: the source contract's "PatternWithFigures".
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "capture/test_pattern_source.h"
#include "stats/stats_overlay_source.h"
#include "stats/stats_text.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr Size kOverlaid{800, 600};
constexpr std::chrono::milliseconds kPeriod{50};

// Says what has come so far.
class Events final : public SourceEvents {
 public:
  void on_surface(Size /*size*/) override {
    wait_or_tell([this] { ++surfaces; });
  }
  void on_damage(std::span<const Rect> rects) override {
    wait_or_tell([this, rects] { damage.insert(damage.end(), rects.begin(), rects.end()); });
  }
  void on_cursor_shape(const CursorShape& /*shape*/) override {}
  void on_cursor_visible(bool /*visible*/) override {}
  void on_lost(const Error& /*reason*/) override {}

  bool wait(std::size_t damages) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return surfaces > 0 && damage.size() >= damages; });
  }
  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return damage.size();
  }
  int surfaces = 0;
  std::vector<Rect> damage;  // once the source is stopped

 private:
  template <class Body>
  void wait_or_tell(Body body) {
    {
      const std::scoped_lock lock(mutex_);
      body();
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

class Overlay : public ::testing::Test {
 protected:
  ~Overlay() override { source.stop(); }
  // Where the picture differs from the pattern's own.
  Rect difference() {
    const TestPattern card(Pattern::kCard, kOverlaid);
    const FrameView seen = source.acquire(Region(bounds(kOverlaid))).value();
    Rect box;
    for (int y = 0; y < kOverlaid.height; ++y) {
      for (int x = 0; x < kOverlaid.width; ++x) {
        if (std::memcmp(seen.at(x, y), card.canvas().view().at(x, y), 3) != 0) box = unite(box, {x, y, 1, 1});
      }
    }
    return box;
  }

  std::atomic<std::uint64_t> frames = 0;
  std::atomic<bool> connected = true;
  std::atomic<int> asked = 0;
  Events events;
  StatsOverlaySource source{TestPatternSource::make("card", kOverlaid).value(),
                            [this] {
                              ++asked;
                              DisplayStats stats;
                              stats.connected = connected;
                              stats.frames = frames += 3;
                              stats.observed =
                                  std::chrono::milliseconds(50 * asked * asked);  // never twice the same rate
                              return stats;
                            },
                            kPeriod};
};

TEST_F(Overlay, ThePanelIsInTheCornerAndNowhereElse) {
  ASSERT_TRUE(source.start(events));
  ASSERT_TRUE(events.wait(1));
  source.stop();
  const Rect panel = events.damage.front();
  EXPECT_EQ(panel.right(), kOverlaid.width);
  EXPECT_EQ(panel.y, 0);
  const Rect changed = difference();
  EXPECT_FALSE(changed.empty());
  EXPECT_EQ(intersect(changed, panel), changed);
}

TEST_F(Overlay, ItIsOneDamageATick) {
  ASSERT_TRUE(source.start(events));
  ASSERT_TRUE(events.wait(4));
  source.stop();
  EXPECT_LE(events.damage.size(), static_cast<std::size_t>(asked)) << "nothing but the panel moves";
}

// What a consumer sees there between two ticks is the same, however wildly it is drawn below.
TEST(OverlayOverNoise, WhatIsDrawnUnderItIsNoChange) {
  Events events;
  StatsOverlaySource source(
      TestPatternSource::make("noise", kOverlaid).value(),
      [] {
        DisplayStats stats;
        stats.connected = true;
        return stats;
      },
      kPeriod);
  ASSERT_TRUE(source.start(events));
  const auto look = [&source](const Rect& part) {
    const FrameView seen = source.acquire(Region(part)).value();
    std::vector<std::byte> bytes;
    for (int y = part.y; y < part.bottom(); ++y) {
      bytes.insert(bytes.end(), seen.at(part.x, y), seen.at(part.x, y) + static_cast<std::size_t>(part.width) * 4);
    }
    return bytes;
  };
  const Rect corner{kOverlaid.width - 100, 0, 100, 60};
  const Rect beside{0, 0, 100, 60};
  ASSERT_TRUE(events.wait(1));
  const auto paper_in = [](const std::vector<std::byte>& pixels) {
    return pixels[0] == std::byte{0x18} && pixels[1] == std::byte{0x14} && pixels[2] == std::byte{0x10};
  };
  std::vector<std::byte> panel = look(corner);
  while (!paper_in(panel)) {
    ASSERT_TRUE(events.wait(events.count() + 1));
    panel = look(corner);
  }
  const auto noise = look(beside);
  ASSERT_TRUE(events.wait(events.count() + 3));
  EXPECT_NE(look(beside), noise);
  EXPECT_EQ(look(corner), panel);
  source.stop();
}

TEST_F(Overlay, NobodyConnectedNothingDrawn) {
  connected = false;
  ASSERT_TRUE(source.start(events));
  while (asked < 5) std::this_thread::yield();
  source.stop();
  EXPECT_TRUE(events.damage.empty());
  EXPECT_TRUE(difference().empty());
}

TEST(StatsText, SaysWhatHappenedInASecond) {
  DisplayStats window;
  window.observed = 2s;
  window.frames = 60;
  window.add(Codec::kClear, 750'000, 1);
  window.add(Codec::kAvc420, 250'000, 1);
  for (int i = 0; i < 100; ++i) window.encode.add(1000);
  window.input.emplace_back().add(7000);
  EXPECT_THAT(overlay_lines(window), ElementsAre("30 FPS, 4000 KBIT", "KEY TO PIXEL 6.9 - 6.9", "ENCODE 1.0 - 1.0",
                                                 "ACK -", "clear 75, avc420 25"));
  EXPECT_THAT(overlay_lines({}), ElementsAre("0 FPS, 0 KBIT", "KEY TO PIXEL -", "ENCODE -", "ACK -", "-"));
}

}  // namespace
}  // namespace tobari::display
