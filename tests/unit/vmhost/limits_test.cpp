// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include "core/armed_sessions.h"
#include "core/crash_policy.h"
#include "core/restart_budget.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

const RestartBudget::Time kStart = RestartBudget::Time{} + 1h;

TEST(RestartBudget, AtOnceThenLaterAndLaterThenNever) {
  RestartBudget budget({.deaths = 5, .window = 10min, .first_pause = 1s, .longest_pause = 3s});
  EXPECT_EQ(budget.died(kStart), kStart);
  EXPECT_EQ(budget.died(kStart), kStart + 1s);
  EXPECT_EQ(budget.died(kStart), kStart + 2s);
  EXPECT_EQ(budget.died(kStart), kStart + 3s);
  EXPECT_EQ(budget.died(kStart), std::nullopt);
  budget.reset();
  EXPECT_EQ(budget.died(kStart), kStart);
}

TEST(RestartBudget, OldDeathsAreForgiven) {
  RestartBudget budget({.deaths = 2, .window = 10min, .first_pause = 1s, .longest_pause = 3s});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(budget.died(kStart + i * 11min), kStart + i * 11min);
}

TEST(CrashPolicy, APoolsNumberComesBeforeTheHosts) {
  const RestartBudget::Limits host{.deaths = 5, .window = 10min, .first_pause = 1s, .longest_pause = 3s};
  EXPECT_EQ(CrashPolicy{}.limits(host).deaths, 5);
  EXPECT_FALSE(CrashPolicy{}.stays_off());
  EXPECT_EQ((CrashPolicy{.restarts = 2U}).limits(host).deaths, 3);
  EXPECT_EQ((CrashPolicy{.restarts = 4'000'000'000U}).limits(host).deaths, 101) << "whatever a broker says";
}

TEST(CrashPolicy, WhatStaysOffMayStillFailToStartAndTryAgain) {
  const RestartBudget::Limits host{.deaths = 5, .window = 10min, .first_pause = 1s, .longest_pause = 3s};
  EXPECT_TRUE((CrashPolicy{.stay_off = true}).stays_off());
  EXPECT_TRUE((CrashPolicy{.restarts = 0U}).stays_off());
  EXPECT_EQ((CrashPolicy{.restarts = 0U}).limits(host).deaths, 5);
}

TEST(RestartBudget, NewLimitsCountWhatHasDied) {
  RestartBudget budget({.deaths = 5, .window = 10min, .first_pause = 1s, .longest_pause = 3s});
  EXPECT_TRUE(budget.died(kStart));
  budget.set_limits({.deaths = 2, .window = 10min, .first_pause = 1s, .longest_pause = 3s});
  EXPECT_FALSE(budget.died(kStart));
}

const std::string kToken(32, 't');

ArmedSessions::Target target() { return {SessionId::random(), DesktopId::random()}; }

TEST(ArmedSessions, ATokenIsGoodOnceAndForItsTime) {
  ArmedSessions sessions;
  const auto to = target();
  ASSERT_TRUE(sessions.arm(kToken, to, kStart, 60s));
  EXPECT_FALSE(sessions.take(std::string(32, 'u'), kStart));
  EXPECT_EQ(sessions.take(kToken, kStart + 60s)->session, to.session);
  EXPECT_FALSE(sessions.take(kToken, kStart + 60s));
  ASSERT_TRUE(sessions.arm(kToken, to, kStart, 60s));
  EXPECT_FALSE(sessions.take(kToken, kStart + 61s));
}

TEST(ArmedSessions, ArmedAgainTheOldTokenIsVoid) {
  ArmedSessions sessions;
  const auto to = target();
  ASSERT_TRUE(sessions.arm(kToken, to, kStart, 60s));
  ASSERT_TRUE(sessions.arm(std::string(32, 'n'), to, kStart, 60s));
  EXPECT_FALSE(sessions.take(kToken, kStart));
  EXPECT_TRUE(sessions.take(std::string(32, 'n'), kStart));
}

TEST(ArmedSessions, BoundedAndCleanedUp) {
  ArmedSessions sessions;
  EXPECT_FALSE(sessions.arm("short", target(), kStart, 60s));
  EXPECT_FALSE(sessions.arm(kToken, target(), kStart, 0s));
  ASSERT_TRUE(sessions.arm(kToken, target(), kStart, 24h));
  EXPECT_FALSE(sessions.take(kToken, kStart + ArmedSessions::kLongest + 1s));
  for (std::size_t i = 0; i < ArmedSessions::kMax; ++i) {
    std::string token = std::to_string(i);
    token.resize(32, '.');
    ASSERT_TRUE(sessions.arm(token, target(), kStart, 10s));
  }
  EXPECT_EQ(sessions.arm(kToken, target(), kStart, 10s).error().code, Errc::kExhausted);
  EXPECT_TRUE(sessions.arm(kToken, target(), kStart + 11s, 10s));
  EXPECT_EQ(sessions.size(), 1U);
}

TEST(ArmedSessions, ClosedSessionCannotBeEntered) {
  ArmedSessions sessions;
  const auto to = target();
  ASSERT_TRUE(sessions.arm(kToken, to, kStart, 60s));
  sessions.forget(to.session);
  EXPECT_FALSE(sessions.take(kToken, kStart));
}

}  // namespace
}  // namespace tobari::vmhost
