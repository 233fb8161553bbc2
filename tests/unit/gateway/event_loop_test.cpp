// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/event_loop.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace tobari::gateway {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class EventLoopTest : public testing::Test {
 protected:
  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create(clock_).value();
};

TEST_F(EventLoopTest, TimersRunInTheirOrderAndCancelledOnesDoNot) {
  std::vector<int> ran;
  loop_->after(milliseconds(20), [this] { loop_->stop(); });
  loop_->after(milliseconds(10), [&ran] { ran.push_back(2); });
  loop_->after(milliseconds(1), [&ran] { ran.push_back(1); });
  loop_->cancel(loop_->after(milliseconds(5), [&ran] { ran.push_back(9); }));
  loop_->run();
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST_F(EventLoopTest, WorkPostedByAnotherThreadWakesIt) {
  std::jthread other([this] { loop_->post([this] { loop_->stop(); }); });
  loop_->run();
}

TEST_F(EventLoopTest, WorkPostedByWorkRunsInALaterTurn) {
  int turns = 0;
  loop_->post([this, &turns] {
    ++turns;
    loop_->post([this, &turns] {
      ++turns;
      loop_->stop();
    });
  });
  loop_->run();
  EXPECT_EQ(turns, 2);
}

// Both ends are ready in one turn; whichever callback comes first takes the other's away.
TEST_F(EventLoopTest, NothingIsCalledAfterUnwatchEvenInTheSameTurn) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  const UniqueFd a(ends[0]);
  const UniqueFd b(ends[1]);
  EventLoop::WatchId first = 0;
  EventLoop::WatchId second = 0;
  int calls = 0;
  const auto on_ready = [&](std::uint32_t) {
    ++calls;
    loop_->unwatch(first);
    loop_->unwatch(second);
    loop_->post([this] { loop_->stop(); });
  };
  first = loop_->watch(a.get(), EPOLLOUT, on_ready).value();
  second = loop_->watch(b.get(), EPOLLOUT, on_ready).value();
  loop_->run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace tobari::gateway
