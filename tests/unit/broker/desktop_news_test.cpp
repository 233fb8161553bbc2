// SPDX-License-Identifier: GPL-3.0-or-later
// Requests that wait for desktops without a thread.
#include "rest/desktop_news.h"

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "auth/worker_pool.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;

// `alive` lives as long as the coroutine does.
Unattended wait_for_news(DesktopNews* news, std::uint64_t mark, HostId host, DesktopNews::Deadline until,
                         std::shared_ptr<std::promise<Woken>> alive) {
  const Woken woken = co_await news->after(mark, std::move(host), until);
  alive->set_value(woken);
}

class DesktopNewsTest : public ::testing::Test {
 protected:
  ~DesktopNewsTest() override { news_.stop(); }

  std::future<Woken> wait(const HostId& host, std::chrono::milliseconds patience = 1min) {
    return wait_since(news_.mark(), host, patience);
  }
  std::future<Woken> wait_since(std::uint64_t mark, const HostId& host, std::chrono::milliseconds patience = 1min) {
    auto promise = std::make_shared<std::promise<Woken>>();
    auto woken = promise->get_future();
    wait_for_news(&news_, mark, host, std::chrono::steady_clock::now() + patience, std::move(promise));
    return woken;
  }
  static bool is_there(const std::future<Woken>& woken, std::chrono::milliseconds patience = 10s) {
    return woken.wait_for(patience) == std::future_status::ready;
  }

  std::atomic<int> refusals_{0};  // so many times the workers are too busy
  WorkerPool workers_{2, 8192};
  DesktopNews news_{[this](std::function<void()> task) {
    if (refusals_ > 0 && refusals_-- > 0) return false;
    return workers_.post(std::move(task));
  }};
  const HostId one_ = HostId::random();
  const HostId other_ = HostId::random();
};

TEST_F(DesktopNewsTest, NewsOfItsHostEndTheWaitAndThoseOfAnotherDoNot) {
  auto woken = wait(one_);
  news_.heard_of(other_);
  EXPECT_EQ(news_.waiting(), 1U);
  EXPECT_FALSE(is_there(woken, 0ms));
  news_.heard_of(one_);
  ASSERT_TRUE(is_there(woken));
  EXPECT_EQ(woken.get(), Woken::kByNews);
  EXPECT_EQ(news_.waiting(), 0U);
}

TEST_F(DesktopNewsTest, WhatIsHeardBetweenTheLookAndTheWaitIsNotMissed) {
  const std::uint64_t mark = news_.mark();
  news_.heard_of(one_);
  auto late = wait_since(mark, one_);
  EXPECT_TRUE(is_there(late, 0ms)) << "it goes on at once";
  EXPECT_EQ(late.get(), Woken::kByNews);
  auto after = wait(one_);
  EXPECT_FALSE(is_there(after, 0ms)) << "what was heard before the look is no news";
  news_.heard_of(one_);
  EXPECT_TRUE(is_there(after));
}

TEST_F(DesktopNewsTest, TheDeadlineEndsTheWait) {
  auto later = wait(one_, 1min);
  auto soon = wait(one_, 20ms);
  ASSERT_TRUE(is_there(soon));
  EXPECT_EQ(soon.get(), Woken::kByTime);
  EXPECT_FALSE(is_there(later, 0ms));
  auto never = wait(one_, 0ms);
  EXPECT_TRUE(is_there(never, 0ms));
}

TEST_F(DesktopNewsTest, WorkersThatAreTooBusyAreAskedAgain) {
  auto woken = wait(one_);
  refusals_ = 5;
  news_.heard_of(one_);
  EXPECT_EQ(news_.waiting(), 1U) << "nobody took it";
  ASSERT_TRUE(is_there(woken));
  EXPECT_EQ(woken.get(), Woken::kByNews) << "the reason stays";
}

TEST_F(DesktopNewsTest, WhoIsOneTooManyDoesNotWait) {
  std::vector<std::future<Woken>> all;
  for (std::size_t i = 0; i < DesktopNews::kMaxWaiting; ++i) all.push_back(wait(one_));
  EXPECT_EQ(news_.waiting(), DesktopNews::kMaxWaiting);
  auto further = wait(one_);
  ASSERT_TRUE(is_there(further, 0ms));
  EXPECT_EQ(further.get(), Woken::kByTime);
  news_.heard_of(one_);
  for (auto& each : all) ASSERT_TRUE(is_there(each));
}

TEST_F(DesktopNewsTest, StoppingEndsWhoWaitsAndLeavesNothing) {
  auto promise = std::make_shared<std::promise<Woken>>();
  const std::weak_ptr<std::promise<Woken>> alive = promise;
  wait_for_news(&news_, news_.mark(), one_, std::chrono::steady_clock::now() + 1min, std::move(promise));
  EXPECT_FALSE(alive.expired());
  news_.stop();
  EXPECT_TRUE(alive.expired());
  auto afterwards = wait(one_);
  EXPECT_TRUE(is_there(afterwards, 0ms)) << "nobody waits any more";
  news_.heard_of(one_);
}

TEST_F(DesktopNewsTest, WorkersThatStopFirstLeaveNothingEither) {
  auto promise = std::make_shared<std::promise<Woken>>();
  const std::weak_ptr<std::promise<Woken>> alive = promise;
  wait_for_news(&news_, news_.mark(), one_, std::chrono::steady_clock::now() + 1min, std::move(promise));
  workers_.stop();
  news_.heard_of(one_);
  EXPECT_EQ(news_.waiting(), 1U);
  news_.stop();
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace tobari::broker
