// SPDX-License-Identifier: GPL-3.0-or-later
// What a real client shows is what the desktop is, and what a person does arrives there.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstring>
#include <deque>
#include <format>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "headless_client.h"
#include "rdp_server.h"
#include "slow_line.h"

namespace tobari::display::testing {
namespace {

constexpr Size kPictureSize{800, 600};

HeadlessClient::Arguments arguments(std::vector<std::string> more) {
  HeadlessClient::Arguments all{"/u:somebody", "/p:ticket-1", "/size:800x600"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// For a picture that did not come: which side gave up, and why.
std::string how_it_ended(HeadlessClient& client, RdpServer& server) {
  const auto outcome = client.wait_ended(std::chrono::milliseconds(0));
  const auto closed = server.wait_closed(0, std::chrono::milliseconds(0));
  std::string text = outcome ? std::format("client ended (connected {}, last error {:#x}, server's reason {:#x})",
                                           outcome->connected, outcome->last_error, outcome->error_info)
                             : std::string("client runs");
  return text + (closed ? "; server closed: " + describe(closed->reason) : "; server runs");
}

struct PictureKind {
  const char* name;
  std::vector<std::string> arguments;
  bool pipeline;
};

class Pictures : public ::testing::TestWithParam<PictureKind> {};

TEST_P(Pictures, AreExactAtRest) {
  RdpServer server("card", kPictureSize);
  server.arm("ticket-1");
  HeadlessClient client(server.port(), arguments(GetParam().arguments));
  ASSERT_TRUE(client.wait_connected());
  const TestPattern expected = card(kPictureSize);
  EXPECT_TRUE(client.wait_picture(
      [&expected](const FrameView& shown) { return same_picture(shown, expected.canvas().view()); }));
  EXPECT_EQ(client.graphics_pipeline(), GetParam().pipeline);
}

TEST_P(Pictures, FollowAKeyPress) {
  RdpServer server("card", kPictureSize);
  server.arm("ticket-1");
  HeadlessClient client(server.port(), arguments(GetParam().arguments));
  TestPattern expected = card(kPictureSize);
  ASSERT_TRUE(client.wait_picture(
      [&expected](const FrameView& shown) { return same_picture(shown, expected.canvas().view()); }));
  constexpr std::uint8_t kKeyA = 0x1E;
  expected.echo(echo_cell(kPictureSize, kKeyA, false));
  client.press_key(kKeyA);
  EXPECT_TRUE(client.wait_picture(
      [&expected](const FrameView& shown) { return same_picture(shown, expected.canvas().view()); }));
}

INSTANTIATE_TEST_SUITE_P(Rdp, Pictures,
                         ::testing::Values(PictureKind{"Lossless", {"/gfx:RFX"}, true},
                                           PictureKind{"Avc420", {"/gfx:AVC420"}, true},
                                           PictureKind{"Legacy", {HeadlessClient::kWithoutPipeline}, false}),
                         [](const auto& p) { return p.param.name; });

// By its build a client is known to be FreeRDP's (rdp/client_table.h).
TEST(Pictures, ComeInPiecesOfTheLengthThatTheClientIsKnownToTake) {
  RdpServer server("noise", {640, 360});
  server.arm("ticket-1");
  server.arm("ticket-2");
  const auto longest_chunk = [](HeadlessClient& client) {
    EXPECT_TRUE(client.wait_picture([paints = 0](const FrameView&) mutable { return ++paints > 10; }));
    return client.longest_chunk();
  };
  HeadlessClient known(server.port(), {"/u:somebody", "/p:ticket-1", "/size:640x360", "/gfx:RFX"});
  EXPECT_EQ(longest_chunk(known), 16'256U);
  known.disconnect();
  HeadlessClient other(server.port(),
                       {"/u:somebody", "/p:ticket-2", "/size:640x360", "/gfx:RFX", "/client-build-number:22631"});
  EXPECT_EQ(longest_chunk(other), 1600U);
}

// The client copies, recalls and paints; what it shows must always be what was drawn.
class MovingPictures : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {};

std::size_t hash_of(const FrameView& picture) {
  std::size_t hash = 0xCBF29CE484222325U;
  for (int y = 0; y < picture.size.height; ++y) {
    for (int x = 0; x < picture.size.width; ++x) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, picture.at(x, y), sizeof pixel);
      hash = (hash ^ (pixel & 0xFFFFFFU)) * 0x100000001B3U;
    }
  }
  return hash;
}

// What a source draws, from the picture on that was last recognised.
class DrawnSince {
 public:
  explicit DrawnSince(const std::string& name) : DrawnSince(parse_pattern(name).value()) {}

  // The picture is one that was drawn; from then on none before it will do.
  bool has(std::size_t picture) {
    for (std::size_t i = 0; i < drawn_.size() || may_have_drawn_more(); ++i) {
      if (i == drawn_.size()) {
        pattern_.step();
        keep();
      }
      if (drawn_[i] != picture) continue;
      for (std::size_t step = 0; step < i; ++step) last_.step();
      drawn_.erase(drawn_.begin(), drawn_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }

  // Every pixel is one that was drawn there in the next steps: the source went on drawing while it was read.
  [[nodiscard]] bool has_every_pixel(const FrameView& picture) const {
    constexpr int kSteps = 8;
    std::vector<Point> missing;
    for (int y = 0; y < picture.size.height; ++y) {
      for (int x = 0; x < picture.size.width; ++x) missing.push_back({x, y});
    }
    TestPattern drawn = last_;
    for (int step = 0; step < kSteps && !missing.empty(); ++step, drawn.step()) {
      std::erase_if(missing, [&picture, &drawn](Point at) {
        std::uint32_t pixel = 0;
        std::memcpy(&pixel, picture.at(at.x, at.y), sizeof pixel);
        return ((pixel ^ drawn.canvas().at(at.x, at.y)) & 0xFFFFFFU) == 0;
      });
    }
    return missing.empty();
  }

 private:
  explicit DrawnSince(Pattern kind) : interval_(step_interval(kind)), pattern_(kind, kPictureSize), last_(pattern_) {
    keep();
  }
  [[nodiscard]] bool may_have_drawn_more() const {
    return made_ <= (std::chrono::steady_clock::now() - begun_) / interval_ + 1;
  }
  void keep() {
    drawn_.push_back(hash_of(pattern_.canvas().view()));
    ++made_;
  }

  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration interval_;
  TestPattern pattern_;
  TestPattern last_;  // as it was recognised
  std::deque<std::size_t> drawn_;
  std::int64_t made_ = 0;
};

// Copies of what a client shows, so that looking at them does not keep it waiting.
class Shown {
 public:
  explicit Shown(HeadlessClient& client) : client_(client) {}

  // A picture that was not the last one; null: none came.
  [[nodiscard]] const Canvas* next(std::chrono::milliseconds limit) {
    const bool came = client_.wait_picture(
        [this](const FrameView& shown) {
          if (shown.size != kPictureSize || same_picture(shown, canvas_.view())) return false;
          for (int y = 0; y < shown.size.height; ++y) std::memcpy(canvas_.row(y), shown.row(y), kRowBytes);
          return true;
        },
        limit);
    return came ? &canvas_ : nullptr;
  }

 private:
  static constexpr std::size_t kRowBytes = kBytesPerPixel * kPictureSize.width;
  HeadlessClient& client_;
  Canvas canvas_{kPictureSize};  // black is no picture
};

// A frame for which the line has no room comes in parts, or first with loss, and what is shown meanwhile was never
// drawn. The server counts such frames: there are no more odd pictures than those.
TEST_P(MovingPictures, AreExactInEveryStep) {
  const auto& [name, graphics] = GetParam();
  DrawnSince drawn(name);
  RdpServer server(name, kPictureSize);
  server.arm("ticket-1");
  HeadlessClient client(server.port(), arguments({graphics}));
  Shown shown(client);
  const std::size_t wanted = std::string_view(name) == "pages" ? 2 : 12;
  std::set<std::size_t> seen;
  int torn = 0;
  std::uint64_t odd = 0;
  std::uint64_t inexact = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (odd <= inexact && seen.size() < wanted) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const Canvas* const picture = left.count() > 0 ? shown.next(left) : nullptr;
    ASSERT_NE(picture, nullptr) << seen.size() << " of " << wanted << " pictures, " << odd << " odd and " << torn
                                << " torn ones; " << how_it_ended(client, server);
    const std::size_t hash = hash_of(picture->view());
    if (drawn.has(hash)) {
      seen.insert(hash);
    } else if (drawn.has_every_pixel(picture->view())) {
      ++torn;
    } else {
      ++odd;
    }
    inexact = server.session().statistics().frames_inexact;
  }
  EXPECT_LE(odd, inexact);
  RecordProperty("odd", std::to_string(odd));
  RecordProperty("torn", std::to_string(torn));
  server.session().set_source(TestPatternSource::make("card", kPictureSize).value());
  const TestPattern expected = card(kPictureSize);
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
}

INSTANTIATE_TEST_SUITE_P(Rdp, MovingPictures,
                         ::testing::Combine(::testing::Values("scroll", "window", "pages"),
                                            ::testing::Values("/gfx:RFX", "/gfx:AVC420", "/gfx:RFX,small-cache")),
                         [](const auto& p) {
                           std::string label = std::string(std::get<0>(p.param)) + std::get<1>(p.param);
                           std::erase_if(label, [](unsigned char c) { return std::isalnum(c) == 0; });
                           return label;
                         });

TEST(Pictures, OfOddSizesAreExact) {
  constexpr Size kOdd{643, 481};
  for (const char* graphics : {"/gfx:AVC420", HeadlessClient::kWithoutPipeline}) {
    RdpServer server("card", kOdd);
    server.arm("ticket-1");
    HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/size:643x481", graphics});
    const TestPattern expected = card(kOdd);
    EXPECT_TRUE(client.wait_picture([&expected](const FrameView& s) {
      return same_picture(s, expected.canvas().view());
    })) << graphics;
  }
}

// What moves, for a client that gets video as AVC and for one that gets it progressively.
using Motion = std::tuple<const char*, const char*>;
class Moving : public ::testing::TestWithParam<Motion> {};

TEST_P(Moving, IsExactOnceItStops) {
  const auto& [pattern, graphics] = GetParam();
  RdpServer server(pattern, kPictureSize);
  server.arm("ticket-1");
  HeadlessClient client(server.port(), arguments({graphics}));
  ASSERT_TRUE(client.wait_connected());
  int pictures = 0;
  ASSERT_TRUE(client.wait_picture([&pictures](const FrameView&) { return ++pictures > 25; }));
  // The desktop is exchanged for one that stands still: the same client goes on and shows it exactly.
  const auto stopped = std::chrono::steady_clock::now();
  server.session().set_source(TestPatternSource::make("card", kPictureSize).value());
  const TestPattern expected = card(kPictureSize);
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
  // For whoever reads it: that it is due in time is asserted where the clock is ours (frame_encoder_test.cpp).
  const auto taken = std::chrono::steady_clock::now() - stopped;
  RecordProperty("ms_to_exact", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(taken).count()));
}

INSTANTIATE_TEST_SUITE_P(Rdp, Moving,
                         ::testing::Combine(::testing::Values("video", "noise", "scroll", "typing"),
                                            ::testing::Values("/gfx:AVC420", "/gfx:RFX")),
                         [](const auto& p) {
                           return std::string(std::get<0>(p.param)) +
                                  (std::string_view(std::get<1>(p.param)) == "/gfx:AVC420" ? "Avc" : "Progressive");
                         });

// FreeRDP keeps what the socket does not take of a record; when nobody asked it to go on, the end of a first picture
// stayed behind for good.
TEST(Pictures, TheEndOfALargeFrameIsNotLeftBehind) {
  constexpr Size kLarge{1024, 700};
  const TestPattern expected = card(kLarge);
  for (int i = 0; i < 5; ++i) {
    RdpServer server("card", kLarge);
    server.arm("ticket-1");
    const SlowLine line(server.port());
    HeadlessClient client(line.port(), {"/u:x", "/p:ticket-1", "/size:1024x700", "/gfx:RFX"});
    ASSERT_TRUE(client.wait_picture([&expected](const FrameView& s) {
      return same_picture(s, expected.canvas().view());
    })) << how_it_ended(client, server);
  }
}

TEST(Resize, TheDesktopTakesTheClientsSize) {
  RdpServer server("card", {640, 480});
  server.arm("ticket-1");
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/size:1024x700", "/gfx:AVC420"});
  const TestPattern expected = card({1024, 700});
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
}

TEST(Resize, AlsoWithoutThePipeline) {
  RdpServer server("card", {640, 480});
  server.arm("ticket-1");
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/size:1024x700", HeadlessClient::kWithoutPipeline});
  const TestPattern expected = card({1024, 700});
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
}

TEST(Resize, NotBeyondTheGrant) {
  RdpServer server("card", {640, 480});
  policy::Grant grant;
  grant.max_pixels = 640 * 480;
  server.arm("ticket-1", std::chrono::seconds(60), grant);
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/size:1024x700", "/gfx:AVC420"});
  const TestPattern expected = card({640, 480});
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
}

}  // namespace
}  // namespace tobari::display::testing
