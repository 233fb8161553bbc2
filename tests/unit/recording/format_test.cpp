// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/format.h>

#include <gtest/gtest.h>

#include "sample.h"

namespace tobari::recording {
namespace {

TEST(Format, TextsComeBack) {
  const About about{{"user", "alice"}, {"client_name", ""}, {"x", std::string(70'000, 'y')}};
  Bytes bytes;
  put_about(about, bytes);
  const About read = parse_about(bytes).value();
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0], about[0]);
  EXPECT_EQ(read[1], about[1]);
  EXPECT_EQ(read[2].second.size(), 0xFFFFU) << "cut, not wrapped around";
  bytes.pop_back();
  EXPECT_FALSE(parse_about(bytes));
}

TEST(Format, TooManyTextsAreRefused) {
  Bytes bytes;
  put_about(About(kMaxAbout + 1, {"a", "b"}), bytes);
  EXPECT_FALSE(parse_about(bytes));
}

TEST(Format, ACutEventIsNoneAndEverySizeIsBelieved) {
  Bytes content;
  put_event(EventType::kGraphics, 5, view_of("abc"), content);
  for (std::size_t size = 1; size < content.size(); ++size) {
    Events events(View(content).first(size));
    EXPECT_FALSE(events.next()) << size;
  }
  Bytes liar = content;
  liar[1] = std::byte{0xFF};  // longer than there is
  EXPECT_FALSE(Events(liar).next());
}

TEST(Format, AnIndexOfAnotherShapeIsRefused) {
  Bytes bytes;
  put_points(std::vector<Point>(3), bytes);
  EXPECT_EQ(parse_points(bytes).value().size(), 3U);
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(parse_points(bytes));
  EXPECT_FALSE(parse_points(Bytes((kMaxPoints + 1) * kPointBytes)));
}

}  // namespace
}  // namespace tobari::recording
