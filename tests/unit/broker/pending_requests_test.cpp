// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/pending_requests.h"

#include <future>

#include <gmock/gmock.h>

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;

struct Waiting {
  std::promise<Result<HostAnswer>> promise;
  std::future<Result<HostAnswer>> answer = promise.get_future();
  PendingRequests::Callback callback() {
    return [this](Result<HostAnswer> result) { promise.set_value(std::move(result)); };
  }
};

class Pending : public ::testing::Test {
 protected:
  Clock::Steady in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
  const HostId host_ = HostId::random();
  PendingRequests pending_;
};

TEST_F(Pending, TheAnswerArrivesOnceAndOnlyFromTheHostThatWasAsked) {
  Waiting waiting;
  ASSERT_TRUE(pending_.add("r", host_, in(10s), waiting.callback()));
  pending_.complete("r", HostId::random(), OpenedDisplay{"forged"});
  pending_.complete("r", host_, OpenedDisplay{"right"});
  pending_.complete("r", host_, OpenedDisplay{"again"});
  EXPECT_EQ(std::get<OpenedDisplay>(*waiting.answer.get()).certificate_sha256, "right");
}

TEST_F(Pending, NoAnswerIsATimeout) {
  Waiting late;
  Waiting later;
  ASSERT_TRUE(pending_.add("later", host_, in(10s), later.callback()));
  ASSERT_TRUE(pending_.add("late", host_, in(1ms), late.callback()));
  EXPECT_EQ(late.answer.get().error().code, Errc::kTimeout);
  pending_.stop();
  EXPECT_EQ(later.answer.get().error().code, Errc::kCancelled);
}

TEST_F(Pending, AHostThatGoesFailsItsOwn) {
  Waiting mine;
  Waiting other;
  const HostId another = HostId::random();
  ASSERT_TRUE(pending_.add("a", host_, in(10s), mine.callback()));
  ASSERT_TRUE(pending_.add("b", another, in(10s), other.callback()));
  EXPECT_FALSE(pending_.add("b", another, in(10s), other.callback()));
  pending_.fail_host(host_, fail(Errc::kUnavailable, "gone").error());
  EXPECT_EQ(mine.answer.get().error().code, Errc::kUnavailable);
  pending_.complete("b", another, OpenedDisplay{"ok"});
  EXPECT_TRUE(other.answer.get().has_value());
}

}  // namespace
}  // namespace tobari::broker
