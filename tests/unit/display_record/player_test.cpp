// SPDX-License-Identifier: GPL-3.0-or-later
// Films and pictures as other programs will find them, and recordings that were damaged.
#include "playback/player.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <tobari/recording/sealer.h>

#include "host_side.h"
#include "playback/pointer_image.h"
#include "playback/times.h"
#include "playback/video_writer.h"
#include "rdp/gfx_layout.h"
#include "rdp/gfx_pdu.h"

namespace tobari::display::playback {
namespace {

namespace fs = std::filesystem;

// A desktop whose colour is another every second.
recording::Bytes colours(const recording::PublicKey& reader, int seconds, bool ended = true) {
  auto sealer = recording::Sealer::create(reader, kSession, 0).value();
  recording::Bytes all = sealer.header();
  const auto add = [&all](const recording::Bytes& piece) { all.insert(all.end(), piece.begin(), piece.end()); };
  for (int i = 0; i < seconds; ++i) {
    const auto time = static_cast<std::uint64_t>(i) * 1'000'000;
    recording::Bytes messages;
    gfx::lay_out({MonitorLayout::single({101, 80}), {{0, 0, 101, 80}}}, 0, messages);
    EncodedFrame frame;
    frame.rects.push_back({.codec = Codec::kSolid,
                           .rect = {0, 0, 101, 80},
                           .data = gfx::Bytes(4, static_cast<std::byte>(10 * i)),
                           .regions = {}});
    gfx::frame(0, 1, frame, messages);
    recording::Bytes events;
    recording::put_event(recording::EventType::kGraphics, time, messages, events);
    add(sealer.seal({time, recording::kStart, 101, 80}, events));
  }
  if (ended) add(sealer.finish(static_cast<std::uint64_t>(seconds) * 1'000'000, "done"));
  return all;
}

std::uint32_t colour_at(Player& player, std::uint64_t time_us) {
  EXPECT_TRUE(player.seek(time_us));
  Canvas shown;
  player.picture(shown, false);
  return shown.pixels.at(0) & 0xFF;
}

class PlayerTest : public ::testing::Test {
 protected:
  recording::KeyPair keys = recording::make_key_pair();
  recording::Bytes bytes = colours(keys.public_key, 5);
  fs::path folder = fs::temp_directory_path() / ("player_test." + std::to_string(::getpid()));
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override { fs::remove_all(folder); }
};

TEST_F(PlayerTest, EveryTimeHasItsPictureInAnyOrder) {
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  Player player(read);
  for (const int second : {0, 3, 1, 4, 2}) {
    EXPECT_EQ(colour_at(player, static_cast<std::uint64_t>(second) * 1'000'000 + 500'000),
              10U * static_cast<unsigned>(second));
  }
  EXPECT_EQ(colour_at(player, ~std::uint64_t{0}), 40U);
}

TEST_F(PlayerTest, LookingAtWhatComesNextChangesNothing) {
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  Player player(read);
  ASSERT_TRUE(player.seek(1'500'000));
  EXPECT_EQ(player.next_us().value(), 2'000'000U);
  Canvas shown;
  player.picture(shown, false);
  EXPECT_EQ(shown.pixels.at(0) & 0xFF, 10U);
}

TEST_F(PlayerTest, OneThatWasCutPlaysAsFarAsItGoes) {
  bytes = colours(keys.public_key, 5, false);
  bytes.resize(bytes.size() - 20);
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  Player player(read);
  EXPECT_EQ(colour_at(player, ~std::uint64_t{0}), 30U);
  EXPECT_EQ(largest_desktop(read, 0, ~std::uint64_t{0}).value(), (Size{101, 80})) << "read from the layouts";
}

TEST_F(PlayerTest, DamageIsSaidWhereItIs) {
  bytes[recording::kHeaderBytes + recording::kChunkHeadBytes + 3] ^= std::byte{1};  // in the first chunk
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  Player player(read);
  EXPECT_EQ(player.seek(0).error().code, Errc::kPeerProtocol);
  EXPECT_EQ(colour_at(player, 3'500'000), 30U) << "what lies elsewhere can be seen";
}

TEST_F(PlayerTest, APictureAsPng) {
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  Player player(read);
  ASSERT_TRUE(player.seek(0));
  Canvas shown;
  player.picture(shown, true);
  ASSERT_TRUE(write_png(folder / "one.png", shown));
  std::ifstream in(folder / "one.png", std::ios::binary);
  std::string head(8, '\0');
  in.read(head.data(), 8);
  EXPECT_EQ(head, "\x89PNG\r\n\x1a\n");
}

TEST_F(PlayerTest, AFilmInEveryForm) {
  Canvas picture{{101, 80}, std::vector<std::uint32_t>(101 * 80, 0x00FF8040)};
  for (const char* name : {"film.mkv", "film.mp4"}) {
    for (const auto quality : {VideoWriter::Quality::kFilm, VideoWriter::Quality::kLossless}) {
      auto film = VideoWriter::create(folder / name, picture.size, 25, quality);
      ASSERT_TRUE(film) << film.error().message;
      for (const std::int64_t moment : {0, 1, 30, 250}) ASSERT_TRUE(film->write(picture, moment));
      ASSERT_TRUE(film->finish());
      EXPECT_GT(fs::file_size(folder / name), 500U);
    }
  }
  const auto none = VideoWriter::create(folder / "film.unknown", picture.size, 25, VideoWriter::Quality::kFilm);
  EXPECT_EQ(none.error().code, Errc::kInvalidArgument);
}

TEST(Times, AsPeopleWriteThem) {
  EXPECT_EQ(parse_time("90").value(), 90'000'000U);
  EXPECT_EQ(parse_time("1:30").value(), 90'000'000U);
  EXPECT_EQ(parse_time("00:01:30.25").value(), 90'250'000U);
  for (const char* wrong : {"", "x", "1:", ":1", "1:2:3:4", "-1", "1e9", "99999999999"}) {
    EXPECT_EQ(parse_time(wrong).error().code, Errc::kInvalidArgument) << wrong;
  }
  EXPECT_EQ(to_text(90'250'000), "00:01:30.250");
  EXPECT_EQ(wall_text(0), "1970-01-01T00:00:00.000Z");
}

TEST(PointerImage, IsDrawnWhereItIsAndCutAtTheEdge) {
  Canvas onto{{10, 10}, std::vector<std::uint32_t>(100, 0)};
  const CursorShape shape{{4, 4}, {1, 1}, std::vector<std::uint32_t>(16, 0xFFFFFFFF)};
  draw_pointer(shape, {0, 0}, onto);
  EXPECT_EQ(onto.pixels[0], 0xFFFFFFU);
  EXPECT_EQ(onto.pixels[2], 0xFFFFFFU);
  EXPECT_EQ(onto.pixels[3], 0U);
  draw_pointer(shape, {1000, -1000}, onto);
  draw_pointer(std::nullopt, {5, 5}, onto);
  EXPECT_EQ(onto.pixels[55] >> 24, 0U);
}

TEST(PointerImage, NonsenseIsRefused) {
  EXPECT_EQ(parse_pointer({}).value(), std::nullopt);
  const std::vector<std::byte> few(7);
  EXPECT_FALSE(parse_pointer(few));
  std::vector<std::byte> huge(8, std::byte{0xFF});
  EXPECT_FALSE(parse_pointer(huge));
}

}  // namespace
}  // namespace tobari::display::playback
