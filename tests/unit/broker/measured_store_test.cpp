// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/measured_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace tobari::broker {
namespace {

using testing::HasSubstr;

TEST(MeasuredStore, TimesEachUseAndCountsTheDatabasesFailures) {
  const ManualClock clock;
  BrokerMetrics metrics;
  MeasuredStore store(std::make_unique<MemoryStore>(clock), metrics);
  EXPECT_TRUE(store.record({}).has_value());
  EXPECT_TRUE(store.transact([](Writer&) -> Result<void> { return {}; }).has_value());
  EXPECT_EQ(store.read([](const Reader&) -> Result<void> { return fail(Errc::kNotFound, "no"); }).error().code,
            Errc::kNotFound);
  EXPECT_EQ(store.read([](const Reader&) -> Result<void> { return fail(Errc::kIo, "full"); }).error().code, Errc::kIo);
  const std::string text = metrics.registry().text();
  EXPECT_THAT(text, HasSubstr("tobari_broker_store_seconds_count{use=\"act\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tobari_broker_store_seconds_count{use=\"read\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tobari_broker_store_failures_total{use=\"act\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tobari_broker_store_failures_total{use=\"read\"} 1\n"));
}

TEST(BrokerMetrics, ATimeIsNeverNegative) {
  const ManualClock clock;
  EXPECT_EQ(since(clock.wall() + std::chrono::hours(1), clock.wall()).count(), 0);
  EXPECT_EQ(since(clock.wall() - std::chrono::seconds(2), clock.wall()).count(), 2);
}

}  // namespace
}  // namespace tobari::broker
