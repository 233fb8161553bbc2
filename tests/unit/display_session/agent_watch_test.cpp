// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent_watch.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using State = AgentWatch::State;

const AgentWatch::Time kBegin = AgentWatch::Time{} + 1h;

TEST(AgentWatch, ThereThenAwayThenOver) {
  AgentWatch watch;
  watch.begin(60s, kBegin);
  EXPECT_EQ(watch.state(kBegin + 5s), State::kThere);
  EXPECT_EQ(watch.changes_in(kBegin + 5s), 1s);
  EXPECT_EQ(watch.state(kBegin + 6s), State::kAway);
  EXPECT_EQ(watch.changes_in(kBegin + 6s), 54s);
  EXPECT_EQ(watch.state(kBegin + 60s), State::kOver);
  EXPECT_FALSE(watch.changes_in(kBegin + 60s));
}

TEST(AgentWatch, AWordBringsItBack) {
  AgentWatch watch;
  watch.begin(60s, kBegin);
  watch.heard(kBegin + 59s);
  EXPECT_EQ(watch.state(kBegin + 60s), State::kThere);
  EXPECT_EQ(watch.state(kBegin + 118s), State::kAway);
  EXPECT_EQ(watch.state(kBegin + 119s), State::kOver);
}

TEST(AgentWatch, OneThatDoesNotHoldIsNotWatched) {
  AgentWatch watch;
  EXPECT_EQ(watch.state(kBegin), State::kThere);
  watch.begin(0s, kBegin);
  EXPECT_EQ(watch.state(kBegin + 24h), State::kThere);
  EXPECT_FALSE(watch.changes_in(kBegin));
}

TEST(AgentWatch, NobodyHoldsForEver) {
  AgentWatch watch;
  watch.begin(24h, kBegin);
  EXPECT_EQ(watch.state(kBegin + AgentWatch::kMaxHold), State::kOver);
}

TEST(AgentWatch, AShortHoldIsNeverAwayOnly) {
  AgentWatch watch;
  watch.begin(3s, kBegin);
  EXPECT_EQ(watch.changes_in(kBegin), 3s);
  EXPECT_EQ(watch.state(kBegin + 3s), State::kOver);
}

}  // namespace
}  // namespace tobari::display
