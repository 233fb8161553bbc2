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

}  // namespace
}  // namespace tobari::policy
