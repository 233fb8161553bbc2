// SPDX-License-Identifier: GPL-3.0-or-later
// What several rules that allow the same leave of each other, and what of it a session is granted.
#include <tobari/policy/limits.h>

#include <gmock/gmock.h>

#include <tobari/policy/policy_set.h>

#include "named_channels.h"

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

FormatSet formats(std::initializer_list<Format> list) {
  FormatSet set;
  for (const Format format : list) set.add(format);
  return set;
}

TEST(FormatSet, HoldsWhatWasAdded) {
  FormatSet set = formats({Format::kText, Format::kFiles});
  EXPECT_TRUE(set.has(Format::kText));
  EXPECT_FALSE(set.has(Format::kHtml));
  set.keep(formats({Format::kHtml, Format::kFiles}));
  EXPECT_EQ(set, formats({Format::kFiles}));
  for (const std::string_view name : kFormatNames) EXPECT_TRUE(FormatSet::all().has(find_format(name).value()));
  EXPECT_EQ(find_format("png"), std::nullopt);
}

TEST(Limits, TheNarrowestOfAllRulesThatAllowHold) {
  Rule one = allow("one", kPaste);
  one.limits = {.formats = formats({Format::kText, Format::kHtml}),
                .bytes_per_transfer = 100,
                .bytes_per_day = {},
                .bytes_per_second = 5};
  Rule two = allow("two", kPaste);
  two.limits = {.formats = formats({Format::kText, Format::kImage}),
                .bytes_per_transfer = 200,
                .bytes_per_day = 1000,
                .bytes_per_second = 4};
  for (const auto& rules : {std::vector{one, two}, std::vector{two, one}}) {
    const Decision decision = PolicySet(rules).decide({.user = "alice"}, kPaste);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.rule, rules[0].name) << "the first one is named";
    EXPECT_EQ(decision.limits, (Limits{.formats = formats({Format::kText}),
                                       .bytes_per_transfer = 100,
                                       .bytes_per_day = 1000,
                                       .bytes_per_second = 4}));
  }
}

TEST(Limits, WithoutACommonFormatNothingIsAllowed) {
  Rule one = allow("one", kPaste);
  one.limits.formats = formats({Format::kText});
  Rule two = allow("two", kPaste);
  two.limits.formats = formats({Format::kImage});
  const Decision decision = PolicySet({one, two}).decide({.user = "alice"}, kPaste);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.rule, "one");
  EXPECT_THAT(decision.reason, HasSubstr("no format"));
}

TEST(Limits, ARuleThatDoesNotApplyLimitsNothing) {
  Rule one = allow("one", kPaste);
  Rule two = allow("two", kPaste);
  two.who.users = {"bob"};
  two.limits.bytes_per_day = 1;
  EXPECT_EQ(PolicySet({one, two}).decide({.user = "alice"}, kPaste).limits, Limits{});
}

TEST(Obligations, EveryOneHolds) {
  Rule one = allow("one", kConnect);
  one.require = {.visible_watermark = true,
                 .invisible_watermark = false,
                 .recording = Recording::kRequired,
                 .idle_timeout = 600s,
                 .absolute_timeout = {},
                 .notices = {"first"},
                 .max_monitors = 4,
                 .max_pixels = {}};
  Rule two = allow("two", kConnect);
  two.require = {.visible_watermark = false,
                 .invisible_watermark = true,
                 .recording = Recording::kOptional,
                 .idle_timeout = 900s,
                 .absolute_timeout = 3600s,
                 .notices = {"second", "first"},
                 .max_monitors = 2,
                 .max_pixels = 1'000'000};
  const Obligations expected{.visible_watermark = true,
                             .invisible_watermark = true,
                             .recording = Recording::kRequired,
                             .idle_timeout = 600s,
                             .absolute_timeout = 3600s,
                             .notices = {"first", "second"},
                             .max_monitors = 2,
                             .max_pixels = 1'000'000};
  EXPECT_EQ(PolicySet({one, two}).decide({.user = "alice"}, kConnect).require, expected);
}

TEST(MakeGrant, OwesWhatItsChannelsOwe) {
  Rule connect = allow("connect", kConnect);
  connect.require.idle_timeout = 600s;
  connect.require.notices = {"hello"};
  connect.require.max_monitors = 2;
  Rule sound = allow("sound", kPlay);
  sound.require.recording = Recording::kRequired;
  sound.require.visible_watermark = true;
  sound.require.absolute_timeout = 3600s;
  sound.require.max_pixels = 1'000'000;
  Rule drive = allow("drive", find_channel("drive").value());
  drive.require.invisible_watermark = true;
  const Grant grant = make_grant(PolicySet({connect, sound, drive}), {.user = "alice"});
  EXPECT_THAT(grant.channels, ElementsAre(ChannelGrant{"connect", "connect"}, ChannelGrant{"audio.play", "sound"}));
  EXPECT_EQ(grant.idle_timeout, 600s);
  EXPECT_EQ(grant.absolute_timeout, 3600s);
  EXPECT_EQ(grant.recording, Recording::kRequired);
  EXPECT_TRUE(grant.visible_watermark);
  EXPECT_FALSE(grant.invisible_watermark) << "there are no drives yet, so nothing is owed for them";
  EXPECT_THAT(grant.notices, ElementsAre("hello"));
  EXPECT_EQ(grant.max_monitors, 2);
  EXPECT_EQ(grant.max_pixels, 1'000'000);
}

TEST(MakeGrant, NeverAllowsMoreMonitorsThanThereCanBe) {
  Rule connect = allow("connect", kConnect);
  connect.require.max_monitors = 1000;
  connect.require.max_pixels = ~std::uint64_t{0};
  const Grant grant = make_grant(PolicySet({connect}), {.user = "alice"});
  EXPECT_EQ(grant.max_monitors, Grant{}.max_monitors);
  EXPECT_EQ(grant.max_pixels, Grant{}.max_pixels);
}

}  // namespace
}  // namespace tobari::policy
