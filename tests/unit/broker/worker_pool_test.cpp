// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/worker_pool.h"

#include <atomic>
#include <future>

#include <gmock/gmock.h>
#include <sys/resource.h>

namespace tobari::broker {
namespace {

TEST(WorkerPool, OneThreadKeepsTheOrder) {
  std::vector<int> seen;
  std::promise<void> last;
  WorkerPool pool(1, 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.post([&seen, i] { seen.push_back(i); }));
  ASSERT_TRUE(pool.post([&last] { last.set_value(); }));
  last.get_future().wait();
  ASSERT_EQ(seen.size(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST(WorkerPool, OneThatYieldsIsLessUrgentThanTheRest) {
  const auto nice_in = [](WorkerPool& pool) {
    std::promise<int> nice;
    EXPECT_TRUE(pool.post([&nice] { nice.set_value(::getpriority(PRIO_PROCESS, 0)); }));
    return nice.get_future().get();
  };
  const int here = ::getpriority(PRIO_PROCESS, 0);
  WorkerPool yields(1, 1, WorkerPool::Urgency::kYields);
  WorkerPool normal(1, 1);
  EXPECT_GE(nice_in(yields), 10);
  EXPECT_EQ(nice_in(normal), here);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), here);
}

TEST(WorkerPool, SaysWhenItIsFullAndDropsTheRestWhenStopped) {
  std::promise<void> begun;
  std::promise<void> go;
  std::atomic<int> ran{0};
  WorkerPool pool(1, 2);
  ASSERT_TRUE(pool.post([&begun, &go] {
    begun.set_value();
    go.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(pool.post([&ran] { ++ran; }));
  EXPECT_TRUE(pool.post([&ran] { ++ran; }));
  EXPECT_FALSE(pool.post([&ran] { ++ran; }));
  std::jthread stopper([&pool] { pool.stop(); });
  while (pool.post([] {})) {  // until stop() has begun
  }
  go.set_value();
  stopper.join();
  EXPECT_FALSE(pool.post([] {}));
}

}  // namespace
}  // namespace tobari::broker
