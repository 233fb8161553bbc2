// SPDX-License-Identifier: GPL-3.0-or-later
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/metrics/metrics.h>

namespace tobari::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Definition kDone{"test_done_total", Kind::kCounter, "What was done."};
constexpr Definition kTime{"test_seconds", Kind::kHistogram, "How long it took."};
constexpr Definition kLevel{"test_level", Kind::kGauge, "How high."};
constexpr Definition kOther{"test_other_total", Kind::kCounter, "Not in the catalogue."};
constexpr Definition kCatalogue[] = {kDone, kTime, kLevel};
constexpr double kBounds[] = {0.1, 1};

TEST(MetricsRegistry, NamesEveryMetricBeforeItHasAValue) {
  Registry registry("test", kCatalogue);
  const std::string text = registry.text();
  for (const Definition& each : registry.all()) {
    EXPECT_THAT(text, HasSubstr("# HELP " + std::string(each.name) + " " + std::string(each.help) + "\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE " + std::string(each.name) + " "));
  }
  EXPECT_EQ(registry.all().size(), std::size(kCatalogue) + 6);
  EXPECT_THAT(text, HasSubstr("tobari_build_info{program=\"test\",version=\"" TOBARI_TEST_VERSION "\"} 1\n"));
}

TEST(MetricsRegistry, CountsAndMeasures) {
  Registry registry("test", kCatalogue);
  registry.counter(kDone, {{"what", "a"}}).add();
  registry.counter(kDone, {{"what", "a"}}).add(2);
  registry.counter(kDone, {{"what", "b"}}).add();
  const Histogram times = registry.histogram(kTime, {}, kBounds);
  times.observe(std::chrono::milliseconds(50));
  times.observe(std::chrono::milliseconds(500));
  times.observe(std::chrono::seconds(5));
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("test_done_total{what=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("test_done_total{what=\"b\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_count 3\n"));
}

TEST(MetricsRegistry, LooksUpWhatOthersKeep) {
  Registry registry("test", kCatalogue);
  double level = 1;
  registry.look([&level](Scrape& scrape) -> Result<void> {
    scrape.value(kLevel, level, {{"of", "the \"sea\"\n"}});
    constexpr std::uint64_t kCounts[] = {2, 0, 1};
    scrape.histogram(kTime, {kBounds, kCounts, 12.5});
    return {};
  });
  EXPECT_THAT(registry.text(), HasSubstr("test_level{of=\"the \\\"sea\\\"\\n\"} 1\n"));
  level = 2;
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("test_seconds_sum 12.5\n"));
}

TEST(MetricsRegistry, ShowsTheRestWhenOneLookFails) {
  Registry registry("test", kCatalogue);
  registry.look([](Scrape&) -> Result<void> { return fail(Errc::kUnavailable, "away"); });
  registry.look([](Scrape& scrape) -> Result<void> {
    scrape.value(kLevel, 3);
    return {};
  });
  EXPECT_THAT(registry.text(), HasSubstr("test_level 3\n"));
}

TEST(MetricsRegistry, SaysWhatTheProcessUses) {
  const Registry registry("test", kCatalogue);
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(text, Not(HasSubstr("\nprocess_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, HasSubstr("\nprocess_open_fds "));
  EXPECT_THAT(text, HasSubstr("\nprocess_start_time_seconds 1"));
}

TEST(MetricsRegistryDeathTest, EndsAtAMetricThatTheCatalogueLacks) {
  Registry registry("test", kCatalogue);
  EXPECT_DEATH(static_cast<void>(registry.counter(kOther)), "broken invariant");
  registry.look([](Scrape& scrape) -> Result<void> {
    scrape.value(kOther, 1);
    return {};
  });
  EXPECT_DEATH(static_cast<void>(registry.text()), "broken invariant");
}

}  // namespace
}  // namespace tobari::metrics
