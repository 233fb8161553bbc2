// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/picture_requests.h"

#include <map>

#include <gmock/gmock.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

class Pictures : public ::testing::Test {
 protected:
  static std::vector<std::byte> jpeg(int n) { return {static_cast<std::byte>(n)}; }

  ManualClock clock;
  int takes = 0;
  std::map<std::uint64_t, PictureRequests::Picture> answers;
  PictureRequests requests{clock, [this] { ++takes; },
                           [this](std::uint64_t id, const auto& picture) { answers.insert_or_assign(id, picture); }};
};

TEST_F(Pictures, WhoeverWaitsGetsTheSame) {
  requests.ask(1);
  requests.ask(2);
  EXPECT_EQ(takes, 1);
  EXPECT_TRUE(answers.empty());
  requests.taken(jpeg(7));
  EXPECT_EQ(answers.at(1).value(), jpeg(7));
  EXPECT_EQ(answers.at(2).value(), jpeg(7));
}

TEST_F(Pictures, OneASecondHoweverManyAsk) {
  for (int i = 0; i < 1000; ++i) {
    requests.ask(static_cast<std::uint64_t>(i));
    if (i == 0) requests.taken(jpeg(1));
    clock.advance(1ms);
  }
  EXPECT_EQ(takes, 1);
  EXPECT_EQ(answers.size(), 1000U);
  requests.ask(1000);
  EXPECT_EQ(takes, 2);
}

TEST_F(Pictures, AFailureIsNotTriedMoreOftenEither) {
  requests.ask(1);
  requests.taken(fail(Errc::kUnavailable, "nothing to see"));
  requests.ask(2);
  EXPECT_EQ(takes, 1);
  EXPECT_EQ(answers.at(2).error().code, Errc::kUnavailable);
}

TEST_F(Pictures, NoMoreThanSoManyWait) {
  for (std::uint64_t id = 0; id < PictureRequests::kMaxWaiting; ++id) requests.ask(id);
  EXPECT_TRUE(answers.empty());
  requests.ask(99);
  EXPECT_EQ(answers.at(99).error().code, Errc::kExhausted);
}

// The encode thread may be so quick that it answers within take.
TEST(PicturesAtOnce, MayBeTakenWithinTheAsking) {
  ManualClock clock;
  int answered = 0;
  PictureRequests* self = nullptr;
  PictureRequests requests(
      clock, [&self] { self->taken(std::vector<std::byte>(3)); },
      [&answered](std::uint64_t, const auto&) { ++answered; });
  self = &requests;
  requests.ask(1);
  EXPECT_EQ(answered, 1);
}

}  // namespace
}  // namespace tobari::display
