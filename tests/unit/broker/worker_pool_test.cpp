// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/worker_pool.h"

#include <atomic>
#include <future>

#include <gmock/gmock.h>

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
