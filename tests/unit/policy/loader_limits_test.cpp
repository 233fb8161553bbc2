// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are too much of something: a clear answer, and no memory or time without end.
#include <string>

#include <gmock/gmock.h>

#include "findings.h"

namespace tobari::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::string rules(std::size_t count) {
  std::string text = "version: 1\nrules:\n";
  for (std::size_t i = 0; i < count; ++i) text += "- {name: r" + std::to_string(i) + ", what: connect, effect: deny}\n";
  return text;
}

TEST(LoaderLimits, AliasesAreRefusedAndNeverExpanded) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'm'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += (i > 0 ? ",*" : "*") + std::string(1, static_cast<char>(c - 1));
    bomb += "]\n";
  }
  const Loaded loaded = load_text(bomb);  // 9^12 values, were they written out
  EXPECT_FALSE(loaded.policy.has_value());
  EXPECT_THAT(loaded.findings[0], error(1, "aliases are not allowed"));
  EXPECT_LE(loaded.findings.size(), kMaxFindings + 1);
}

TEST(LoaderLimits, TenMebibytesAreAnError) {
  EXPECT_THAT(load_text(std::string(10 << 20, '#')).findings, ElementsAre(error(0, "at most 8 MiB")));
  EXPECT_THAT(load_text(std::string(kMaxPolicyBytes + 1, ' ')).findings, ElementsAre(error(0, "at most 8 MiB")));
}

TEST(LoaderLimits, AHundredThousandRulesAreReadAndOneMoreIsNot) {
  const Loaded most = load_text(rules(kMaxRules));
  EXPECT_THAT(most.findings, IsEmpty());
  ASSERT_TRUE(most.policy.has_value());
  EXPECT_EQ(decide(*most.policy, {.user = "alice"}, "connect").rule, "r0");
  EXPECT_THAT(load_text(rules(kMaxRules + 1)).findings, ElementsAre(error(3, "more than 100000 rules")));
}

TEST(LoaderLimits, RulesOfEveryKindCountTogether) {
  std::string text = rules(kMaxRules) + "egress:\n- {name: x, effect: deny}\n";
  EXPECT_THAT(load_text(text).findings, Contains(Field(&Finding::message, HasSubstr("more than 100000 rules"))));
}

TEST(LoaderLimits, DepthAndNumberOfValues) {
  EXPECT_THAT(load_text("version: 1\nrules: " + std::string(9, '[') + std::string(9, ']')).findings,
              ElementsAre(error(2, "8 levels")));
  EXPECT_FALSE(load_text(std::string(100'000, '[')).policy.has_value()) << "deeper than the parser goes";
  std::string wide = "version: 1\nrules:\n- name: x\n  effect: deny\n  what: connect\n  who:\n    user: [";
  for (std::size_t i = 0; i < kMaxYamlValues; ++i) wide += "u,";
  EXPECT_THAT(load_text(wide + "]\n").findings, ElementsAre(Field(&Finding::message, HasSubstr("2000000 values"))));
}

TEST(LoaderLimits, GroupsInACircleNameItWithItsLine) {
  const Loaded loaded = load_text(R"(version: 1
groups:
  a: {group: [b]}
  b: {group: [c], user: [x]}
  c: {group: [a]}
  alone: {group: [alone]}
rules: []
)");
  EXPECT_THAT(loaded.findings, ElementsAre(error(5, "'c': it contains itself: a > b > c > a"),
                                           error(6, "'alone': it contains itself: alone > alone")));
}

TEST(LoaderLimits, GroupsNestSixteenDeep) {
  const auto chain = [](std::size_t depth, bool turned) {
    std::string lines;
    for (std::size_t i = 0; i < depth; ++i) {
      const std::string line = "  g" + std::to_string(i) + ": {group: [g" + std::to_string(i + 1) + "]}\n";
      lines = turned ? line + lines : lines + line;
    }
    return "version: 1\nrules: []\ngroups:\n" + lines + "  g" + std::to_string(depth) + ": [x]\n";
  };
  for (const bool turned : {false, true}) {
    EXPECT_THAT(load_text(chain(kMaxGroupDepth, turned)).findings, IsEmpty());
    const Loaded deeper = load_text(chain(kMaxGroupDepth + 1, turned));
    EXPECT_THAT(deeper.findings, ElementsAre(Field(&Finding::message, HasSubstr("more than 16 deep"))));
    EXPECT_FALSE(load_text(chain(20'000, turned)).policy.has_value()) << "no stack is used up";
  }
}

TEST(LoaderLimits, ManyWaysDownAreWalkedOnce) {
  std::string text = "version: 1\nrules: []\ngroups:\n";
  constexpr int kLayers = 16;
  constexpr int kWide = 12;
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int i = 0; i < kWide; ++i) {
      text += "  g" + std::to_string(layer) + "x" + std::to_string(i) + ": {group: [";
      for (int j = 0; j < kWide; ++j)
        text += (j > 0 ? ", g" : "g") + std::to_string(layer + 1) + "x" + std::to_string(j);
      text += "]}\n";
    }
  }
  EXPECT_THAT(load_text(text).findings, IsEmpty()) << "12^16 paths, 192 groups";
}

TEST(LoaderLimits, NoticesThatASessionMayOwe) {
  std::string text = "version: 1\nrules:\n";
  for (std::size_t i = 0; i <= kMaxNotices; ++i) {
    const std::string n = std::to_string(i);
    text += "- {name: r" + n + ", what: connect, effect: allow, require: {notice: text " + n + "}}\n";
  }
  EXPECT_THAT(load_text(text).findings, Contains(error(19, "more than 16 different notices")));
}

}  // namespace
}  // namespace tobari::policy
