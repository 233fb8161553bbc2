// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/grant.h>

#include <vector>

#include <gmock/gmock.h>

namespace tobari::policy {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

Grant grant(std::vector<ChannelGrant> channels, seconds idle = seconds(0)) {
  return {.user = "alice", .desktop_id = "d", .channels = std::move(channels), .idle_timeout = idle};
}

TEST(Narrowest, OfOneIsThatOne) {
  const Grant one = grant({{"connect", "a"}, {"audio.play", "b"}}, seconds(60));
  EXPECT_EQ(narrowest({{one}}), one);
}

TEST(Narrowest, HoldsTheChannelsThatAllHaveAndTheRulesThatOpenedThem) {
  const std::vector grants{grant({{"connect", "a"}, {"audio.play", "a"}, {"drive", "a"}}),
                           grant({{"drive", "a"}, {"connect", "b"}}), grant({{"connect", "b"}, {"drive", "a"}})};
  EXPECT_THAT(narrowest(grants).channels, ElementsAre(ChannelGrant{"connect", "a, b"}, ChannelGrant{"drive", "a"}));
}

TEST(Narrowest, HoldsTheSmallestLimits) {
  Grant few = grant({});
  few.max_monitors = 2;
  Grant small = grant({});
  small.max_pixels = 1000;
  const Grant both = narrowest({{few, small}});
  EXPECT_EQ(both.max_monitors, 2U);
  EXPECT_EQ(both.max_pixels, 1000U);
}

TEST(Narrowest, NoTimeoutIsTheLongestOne) {
  EXPECT_EQ(narrowest({{grant({}), grant({}, seconds(90)), grant({}, seconds(60))}}).idle_timeout, seconds(60));
  EXPECT_EQ(narrowest({{grant({}), grant({})}}).idle_timeout, seconds(0));
}

TEST(Narrowest, KeepsTheNarrowestLimitsAndOwesEverything) {
  Grant one = grant({{"connect", "a"}, {"clipboard.to_guest", "a", {.bytes_per_day = 10}}, {"drive", "a"}});
  one.visible_watermark = true;
  one.absolute_timeout = seconds(100);
  one.notices = {"hello", "one"};
  Grant two = grant({{"connect", "a"}, {"clipboard.to_guest", "a", {.bytes_per_transfer = 5}}, {"drive", "a"}});
  two.invisible_watermark = true;
  two.recording = Recording::kRequired;
  two.notices = {"hello", "two"};
  two.channels[2].limits.formats = {};
  const Grant both = narrowest({{one, two}});
  EXPECT_THAT(both.channels,
              ElementsAre(ChannelGrant{"connect", "a"},
                          ChannelGrant{"clipboard.to_guest", "a", {.bytes_per_transfer = 5, .bytes_per_day = 10}}))
      << "a channel without a common format is closed";
  EXPECT_TRUE(both.visible_watermark && both.invisible_watermark);
  EXPECT_EQ(both.recording, Recording::kRequired);
  EXPECT_EQ(both.absolute_timeout, seconds(100));
  EXPECT_THAT(both.notices, ElementsAre("hello", "one", "two"));
}

}  // namespace
}  // namespace tobari::policy
