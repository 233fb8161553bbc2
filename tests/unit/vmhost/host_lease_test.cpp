// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/host_lease.h"

#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

class HostLeaseTest : public ::testing::Test {
 protected:
  HostLease lease_{2, {}};
};

TEST_F(HostLeaseTest, CountsFromTheQuestionNotFromTheAnswer) {
  EXPECT_FALSE(lease_.good(100s));
  const auto number = lease_.ask(100s);
  EXPECT_FALSE(lease_.good(101s)) << "a question is no lease";
  lease_.granted(number, 0);
  EXPECT_TRUE(lease_.good(121s));
  EXPECT_FALSE(lease_.good(122s));
}

TEST_F(HostLeaseTest, AnswersInAnyOrderNeverShortenIt) {
  const auto first = lease_.ask(100s);
  const auto second = lease_.ask(108s);
  lease_.granted(second, 0);
  lease_.granted(first, 0);
  EXPECT_EQ(lease_.until(), 130s);
  lease_.granted(second, 0);
  EXPECT_EQ(lease_.until(), 130s) << "the same answer twice, from two brokers";
}

TEST_F(HostLeaseTest, WhatWasNeverAskedIsNoAnswer) {
  const auto number = lease_.ask(100s);
  lease_.granted(number + 1, 0);
  lease_.granted(0, 0);
  EXPECT_FALSE(lease_.good(100s));
  for (std::size_t i = 0; i < HostLease::kMostAsked; ++i) static_cast<void>(lease_.ask(200s));
  lease_.granted(number, 0);
  EXPECT_FALSE(lease_.good(100s)) << "so long ago that it is forgotten";
}

TEST_F(HostLeaseTest, NumbersRiseAlsoWithinOneInstant) {
  const auto first = lease_.ask(100s);
  EXPECT_GT(lease_.ask(100s), first);
  HostLease next(1, {});
  EXPECT_GT(next.ask(101s), first + 1) << "the next life of the program does not say them again";
}

TEST_F(HostLeaseTest, AGrantWaitsForTheDesiredStateThatNamesWhatWasTaken) {
  lease_.has_revision(7);
  const auto number = lease_.ask(100s);
  lease_.granted(number, 9);
  EXPECT_FALSE(lease_.good(101s));
  lease_.has_revision(8);
  EXPECT_FALSE(lease_.good(101s));
  lease_.has_revision(9);
  EXPECT_EQ(lease_.until(), 122s) << "and counts from the question all the same";
  lease_.has_revision(8);
  lease_.granted(lease_.ask(110s), 9);
  EXPECT_EQ(lease_.until(), 132s) << "an older revision is not believed again";
}

TEST_F(HostLeaseTest, PromisesCountWhenAllBrokersGiveThem) {
  lease_.granted(lease_.ask(100s), 0);
  const auto number = lease_.ask(108s);
  lease_.promised(0, number, 109s);
  EXPECT_EQ(lease_.until(), 122s) << "the other one may call this host lost";
  lease_.promised(1, number, 110s);
  EXPECT_EQ(lease_.until(), 130s);
  const auto next = lease_.ask(116s);
  lease_.promised(0, next, 117s);
  EXPECT_EQ(lease_.until(), 130s);
  lease_.promised(1, next, 117s);
  EXPECT_EQ(lease_.until(), 138s);
}

TEST_F(HostLeaseTest, APromiseRevivesNothing) {
  const auto number = lease_.ask(100s);
  lease_.promised(0, number, 101s);
  lease_.promised(1, number, 101s);
  EXPECT_FALSE(lease_.good(101s)) << "there was no lease";
  lease_.granted(number, 0);
  const auto late = lease_.ask(120s);
  lease_.promised(0, late, 122s);
  lease_.promised(1, late, 122s);
  EXPECT_FALSE(lease_.good(123s)) << "it was over when they came";
  lease_.granted(late, 0);
  EXPECT_TRUE(lease_.good(123s)) << "a grant says so";
}

TEST_F(HostLeaseTest, APromiseOfNobodyIsNone) {
  lease_.granted(lease_.ask(100s), 0);
  const auto number = lease_.ask(108s);
  lease_.promised(0, number, 109s);
  lease_.promised(2, number, 109s);
  lease_.promised(1, number + 5, 109s);
  EXPECT_EQ(lease_.until(), 122s);
}

TEST_F(HostLeaseTest, GoesOnWithWhatItsEarlierLifeHad) {
  HostLease next(1, {}, 130s);
  EXPECT_TRUE(next.good(129s));
  EXPECT_FALSE(next.good(130s));
}

}  // namespace
}  // namespace tobari::vmhost
