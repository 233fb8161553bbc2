// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/template_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const DesktopId kA = *DesktopId::parse("aaaaaaaa-0000-4000-8000-000000000000");
const DesktopId kB = *DesktopId::parse("bbbbbbbb-0000-4000-8000-000000000000");

TEST(TemplatePlan, NothingWantedNothingMade) {
  const TemplatePlan plan = plan_templates({}, {});
  EXPECT_THAT(plan.use, IsEmpty());
  EXPECT_FALSE(plan.make);
  EXPECT_THAT(plan.nobody_wants_now, IsEmpty());
}

TEST(TemplatePlan, WhatIsThereIsUsedAndWhatIsMissingMade) {
  const std::vector<WantedTemplate> wanted{{"one", "f1"}, {"two", "f2"}, {"three", "f3"}};
  const std::vector<KeptTemplate> kept{{kA, "f1"}};
  const TemplatePlan plan = plan_templates(wanted, kept);
  EXPECT_THAT(plan.use, ElementsAre(Pair("one", kA)));
  EXPECT_EQ(plan.make, "two") << "one at a time, in order";
  EXPECT_THAT(plan.nobody_wants_now, IsEmpty());
}

TEST(TemplatePlan, OneOfAKindServesEverybody) {
  const std::vector<WantedTemplate> wanted{{"one", "f1"}, {"two", "f1"}};
  const TemplatePlan plan = plan_templates(wanted, std::vector<KeptTemplate>{{kA, "f1"}});
  EXPECT_THAT(plan.use, ElementsAre(Pair("one", kA), Pair("two", kA)));
  EXPECT_FALSE(plan.make);
}

TEST(TemplatePlan, HeldIsPassedOver) {
  const std::vector<WantedTemplate> wanted{{"one", "f1", true}, {"two", "f2"}};
  EXPECT_EQ(plan_templates(wanted, {}).make, "two");
  const std::vector<KeptTemplate> kept{{kA, "f1"}};
  EXPECT_THAT(plan_templates(wanted, kept).use, ElementsAre(Pair("one", kA))) << "what is there is used all the same";
}

TEST(TemplatePlan, WhatWasChangedIsReplaced) {
  const std::vector<WantedTemplate> wanted{{"one", "f1"}};
  const TemplatePlan plan = plan_templates(wanted, std::vector<KeptTemplate>{{kA, "f1", false}});
  EXPECT_THAT(plan.use, IsEmpty());
  EXPECT_EQ(plan.make, "one");
  EXPECT_THAT(plan.nobody_wants_now, ElementsAre(kA));
}

TEST(TemplatePlan, OtherKindsGo) {
  const std::vector<WantedTemplate> wanted{{"one", "f1"}};
  const std::vector<KeptTemplate> kept{{kA, "f1"}, {kB, "f2"}};
  EXPECT_THAT(plan_templates(wanted, kept).nobody_wants_now, ElementsAre(kB));
  EXPECT_THAT(plan_templates({}, kept).nobody_wants_now, ElementsAre(kA, kB));
}

// It may be just the one that is about to be thrown away.
TEST(TemplatePlan, NothingGoesWhileAWantedKindIsUnknown) {
  const std::vector<WantedTemplate> wanted{{"one", ""}, {"two", "f2"}};
  const TemplatePlan plan = plan_templates(wanted, std::vector<KeptTemplate>{{kA, "f1"}});
  EXPECT_THAT(plan.nobody_wants_now, IsEmpty());
  EXPECT_EQ(plan.make, "two");
}

}  // namespace
}  // namespace tobari::vmhost
