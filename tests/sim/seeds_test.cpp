// SPDX-License-Identifier: GPL-3.0-or-later
// Many schedules, none with a violation; the same seed is the same schedule; and they are about something.
#include <cstdint>
#include <format>
#include <sstream>
#include <string>

#include <gmock/gmock.h>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr std::uint64_t kPart = 250;

std::string in_words(const Verdict& verdict) {
  std::string words;
  for (const Violation& each : verdict.violations) {
    words += std::format("{} at {:.3f} s: {}; ", to_string(each.rule), seconds_of(each.at), each.what);
  }
  return words;
}

class SeedsTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SeedsTest, NothingIsDoubledOrLost) {
  for (std::uint64_t i = 0; i < kPart; ++i) {
    const std::uint64_t seed = GetParam() * kPart + i + 1;
    const Verdict verdict = run_seed(seed);
    EXPECT_TRUE(verdict.violations.empty()) << "tests/sim/run --trace --seed " << seed << ": " << in_words(verdict);
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, SeedsTest, ::testing::Range(std::uint64_t{0}, std::uint64_t{8}));

TEST(ScheduleTest, TheSameSeedIsTheSameSchedule) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Verdict first = run_seed(seed);
    const Verdict second = run_seed(seed);
    EXPECT_EQ(first.fingerprint, second.fingerprint) << seed;
    EXPECT_EQ(first.steps, second.steps) << seed;
  }
}

TEST(ScheduleTest, WordsChangeNothing) {
  std::ostringstream words;
  EXPECT_EQ(run_seed(3, {}, &words).fingerprint, run_seed(3).fingerprint);
  EXPECT_THAT(words.str(), ::testing::HasSubstr("asks, request"));
}

// A simulator in which nothing happens finds nothing either.
TEST(ScheduleTest, SchedulesAreAboutWhatIsPromised) {
  Counts all;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Counts counts = run_seed(seed).counts;
    EXPECT_GT(counts.acknowledged, 0U) << seed;
    all.acknowledged += counts.acknowledged;
    all.given_back += counts.given_back;
    all.hosts_lost += counts.hosts_lost;
    all.given_anew += counts.given_anew;
  }
  EXPECT_GT(all.acknowledged, 300U);
  EXPECT_GT(all.given_back, 50U);
  EXPECT_GT(all.hosts_lost, 10U);
  EXPECT_GT(all.given_anew, 5U);
}

}  // namespace
}  // namespace tobari::sim
