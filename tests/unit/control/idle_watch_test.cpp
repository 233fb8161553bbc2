// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/idle_watch.h"

#include <gmock/gmock.h>

namespace tobari::broker::control {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class IdleWatchTest : public ::testing::Test {
 protected:
  IdleWatchTest() { desktop_.id = DesktopId::random(); }
  void used(std::chrono::seconds now) { watch_.seen({}, wall_, now); }
  void unused(std::chrono::seconds now) { watch_.seen({&desktop_, 1}, wall_, now); }

  const Time wall_{24h * 20000};
  Desktop desktop_;
  IdleWatch watch_;
};

TEST_F(IdleWatchTest, CountsFromWhenTheLastClientWasSeenGone) {
  used(100s);
  EXPECT_THAT(watch_.idle(110s), IsEmpty());
  unused(120s);
  unused(150s);
  EXPECT_THAT(watch_.idle(170s), ElementsAre(Pair(desktop_.id, 50s)));
  used(180s);
  EXPECT_THAT(watch_.idle(200s), IsEmpty());
  unused(210s);
  EXPECT_THAT(watch_.idle(211s), ElementsAre(Pair(desktop_.id, 1s)));
}

TEST_F(IdleWatchTest, TheNextLookAsksWhoCameAndWentSinceThisOne) {
  EXPECT_EQ(watch_.since(), Time::max()) << "before the first one, nobody";
  used(100s);
  EXPECT_EQ(watch_.since(), wall_);
}

// A broker that was stopped did not see who came and went: the desktop of somebody who had left a moment ago ended.
TEST_F(IdleWatchTest, WhoStoodStillStartsToCountAgain) {
  unused(100s);
  unused(140s);
  EXPECT_THAT(watch_.idle(140s), ElementsAre(Pair(desktop_.id, 40s)));
  unused(181s);
  EXPECT_THAT(watch_.idle(182s), ElementsAre(Pair(desktop_.id, 1s)));
}

TEST_F(IdleWatchTest, TimeThatNobodySawDoesNotCount) {
  unused(100s);
  watch_.database_away();
  unused(500s);
  EXPECT_THAT(watch_.idle(501s), ElementsAre(Pair(desktop_.id, 1s)));
}

TEST_F(IdleWatchTest, OnlyPoolsThatDoSomethingAboutItAreLookedAt) {
  Pool pool;
  pool.kind = PoolKind::kFloating;
  EXPECT_TRUE(minds_idle(pool));
  pool.kind = PoolKind::kDedicated;
  EXPECT_FALSE(minds_idle(pool));
  pool.plan = R"({"idle":"stop"})";
  EXPECT_TRUE(minds_idle(pool));
}

TEST(MindsIdle, FromTheSoonestOfWhatItsPoolSays) {
  Pool pool;
  pool.kind = PoolKind::kFloating;
  pool.keep = 600s;
  EXPECT_EQ(minds_idle_after(pool), 600s);
  PoolPlan plan;
  plan.idle = Unused::kSuspend;
  plan.idle_after = 120s;
  pool.plan = to_text(plan);
  EXPECT_EQ(minds_idle_after(pool), 120s);
  pool.kind = PoolKind::kDedicated;
  EXPECT_EQ(minds_idle_after(pool), 120s);
  pool.plan.clear();
  EXPECT_EQ(minds_idle_after(pool), std::nullopt);
}

}  // namespace
}  // namespace tobari::broker::control
