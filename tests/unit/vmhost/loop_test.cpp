// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/loop.h"

#include <chrono>
#include <memory>

#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

TEST(Loop, WhatIsClearedIsLetGoWithAllThatItHolds) {
  const auto loop = Loop::create().value();
  const auto held = std::make_shared<int>(0);
  loop->post([held] { ++*held; });
  const Loop::Handle timer = loop->after(std::chrono::hours(1), [held] { ++*held; });
  // Lets go of another one when it goes.
  loop->post([timer = std::make_shared<Loop::Handle>(loop->after(std::chrono::hours(1), [held] { ++*held; }))] {});
  ASSERT_GT(held.use_count(), 3);
  loop->clear();
  EXPECT_EQ(held.use_count(), 1);
  loop->stop();
  loop->run();
  EXPECT_EQ(*held, 0) << "nothing of it was run";
}

}  // namespace
}  // namespace tobari::vmhost
