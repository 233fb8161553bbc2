// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/lease_watch.h"

#include <array>

#include <gmock/gmock.h>

namespace tobari::broker::control {
namespace {

using std::chrono::seconds;

class LeaseWatchTest : public ::testing::Test {
 protected:
  void seen(std::uint64_t lease, seconds now, bool lost = false) {
    const std::array hosts{Host{.id = id_, .name = "host-1", .lost = lost, .lease = lease}};
    watch_.seen(hosts, now);
  }
  std::size_t silent(seconds now) { return watch_.silent(now).size(); }

  const HostId id_ = HostId::random();
  LeaseWatch watch_;
};

TEST_F(LeaseWatchTest, AHostIsSilentWhenItsLeaseStoodStillForSoLong) {
  seen(5, seconds(100));
  EXPECT_EQ(silent(seconds(137)), 0U);
  seen(5, seconds(137));
  const auto found = watch_.silent(seconds(138));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().host, id_);
  EXPECT_EQ(found.front().lease, 5U);
  EXPECT_EQ(silent(seconds(139)), 0U) << "said once";
}

TEST_F(LeaseWatchTest, EveryGrantStartsTheCountAgain) {
  seen(5, seconds(100));
  seen(6, seconds(130));
  EXPECT_EQ(silent(seconds(150)), 0U);
  EXPECT_EQ(silent(seconds(168)), 1U);
}

TEST_F(LeaseWatchTest, ABrokerThatJustStartedAndOneWhoseDatabaseWasAwayCountFromThen) {
  seen(5, seconds(100));
  watch_.database_away();
  EXPECT_EQ(silent(seconds(500)), 0U);
  seen(5, seconds(500));
  EXPECT_EQ(silent(seconds(537)), 0U);
  EXPECT_EQ(silent(seconds(538)), 1U);
}

TEST_F(LeaseWatchTest, WhatWasPromisedIsKept) {
  seen(5, seconds(100));
  watch_.promise(id_, seconds(137));
  EXPECT_EQ(silent(seconds(174)), 0U);
  EXPECT_EQ(silent(seconds(175)), 1U);
}

TEST_F(LeaseWatchTest, WhoIsLostIsNotLostAgain) {
  seen(5, seconds(100), true);
  EXPECT_EQ(silent(seconds(200)), 0U);
}

TEST_F(LeaseWatchTest, KnowsSinceWhenALeaseStands) {
  EXPECT_EQ(watch_.age(id_, seconds(1)), std::nullopt);
  seen(5, seconds(100));
  EXPECT_EQ(watch_.age(id_, seconds(110)), std::nullopt) << "it may have risen long before";
  seen(6, seconds(120));
  seen(6, seconds(130));
  EXPECT_EQ(watch_.age(id_, seconds(140)), seconds(20));
  EXPECT_EQ(watch_.silent(seconds(158)).size(), 1U);
  EXPECT_EQ(watch_.age(id_, seconds(160)), seconds(40)) << "what is counted for silence is another thing";
}

}  // namespace
}  // namespace tobari::broker::control
