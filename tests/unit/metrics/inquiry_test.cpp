// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/metrics/inquiry.h>

#include <vector>

#include <gtest/gtest.h>

namespace tobari::metrics {
namespace {

// Another thread that does what it was asked only when the test says so.
struct Slow {
  std::vector<std::function<void()>> tasks;
  bool takes = true;
  int asked = 0;

  Inquiry<int> inquiry(std::chrono::milliseconds patience) {
    return {"the database",
            [this](auto task) {
              if (takes) tasks.push_back(std::move(task));
              return takes;
            },
            [this]() -> Result<int> { return ++asked; }, patience};
  }
  void work() {
    for (const auto& task : std::exchange(tasks, {})) task();
  }
};

TEST(Inquiry, GivesTheAnswer) {
  Inquiry<int> inquiry(
      "it",
      [](const auto& task) {
        task();
        return true;
      },
      []() -> Result<int> { return 7; }, std::chrono::hours(1));
  EXPECT_EQ(inquiry.ask().value(), 7);
  EXPECT_EQ(inquiry.ask().value(), 7);
}

TEST(Inquiry, AsksOnceOfOneWhoDoesNotAnswer) {
  Slow slow;
  auto inquiry = slow.inquiry(std::chrono::milliseconds(1));
  EXPECT_EQ(inquiry.ask().error().code, Errc::kTimeout);
  EXPECT_EQ(inquiry.ask().error().message, "the database does not answer");
  EXPECT_EQ(slow.tasks.size(), 1U);
  slow.work();
  EXPECT_EQ(inquiry.ask().value(), 1) << "the late answer to the first question";
  EXPECT_EQ(inquiry.ask().error().code, Errc::kTimeout);
  EXPECT_EQ(slow.tasks.size(), 1U) << "and then a new question";
}

TEST(Inquiry, SaysThatNobodyTakesTheQuestion) {
  Slow slow;
  slow.takes = false;
  auto inquiry = slow.inquiry(std::chrono::hours(1));
  EXPECT_EQ(inquiry.ask().error().code, Errc::kUnavailable);
}

TEST(Inquiry, SaysThatTheOtherThreadHasEnded) {
  Slow slow;
  auto inquiry = slow.inquiry(std::chrono::milliseconds(1));
  EXPECT_EQ(inquiry.ask().error().code, Errc::kTimeout);
  slow.tasks.clear();
  EXPECT_EQ(inquiry.ask().error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace tobari::metrics
