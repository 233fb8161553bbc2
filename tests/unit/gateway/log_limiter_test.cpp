// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/log_limiter.h"

#include <gmock/gmock.h>

namespace tobari::gateway {
namespace {

TEST(LogLimiter, AllowsABurstThenOneASecondAndCountsTheRest) {
  ManualClock clock;
  LogLimiter limiter(clock);
  int allowed = 0;
  for (int i = 0; i < 100; ++i) allowed += limiter.allow() ? 1 : 0;
  EXPECT_EQ(allowed, 20);
  EXPECT_EQ(limiter.take_suppressed(), 80U);
  clock.advance(std::chrono::milliseconds(1500));
  EXPECT_TRUE(limiter.allow());
  EXPECT_FALSE(limiter.allow());
  clock.advance(std::chrono::milliseconds(500));
  EXPECT_TRUE(limiter.allow()) << "half a second was not lost";
  clock.advance(std::chrono::hours(24));
  allowed = 0;
  for (int i = 0; i < 100; ++i) allowed += limiter.allow() ? 1 : 0;
  EXPECT_EQ(allowed, 20) << "a quiet day does not buy more than one burst";
}

}  // namespace
}  // namespace tobari::gateway
