// SPDX-License-Identifier: GPL-3.0-or-later
#include "top_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

Json sample() {
  return Json::parse(R"({"time": "2026-11-27T09:00:00Z",
    "desktops": {"stopped": 1, "starting": 2, "running": 3, "failed": 4},
    "hosts": [{"id": "x", "name": "h1", "state": "connected", "mode": "draining", "desktops": 5, "memory_promised_mib": 4096,
               "cpus": 8, "memory_mib": 16384, "cpu": 0.43, "memory_available_mib": 8192, "clients": 1,
               "frames_per_second": 29.7, "bytes_per_second": 1234567, "pixels_per_second": 61000000},
              {"id": "y", "name": "h2", "state": "away", "mode": "ready", "desktops": 0, "memory_promised_mib": 0}],
    "pools": [{"name": "office", "desktops": 7, "assigned": 5, "spares": 2, "max": 40}],
    "sessions": [
      {"id": "1", "user": "alice", "state": "connected", "desktop": "d-alice", "host": "h1", "client_address": "192.0.2.1",
       "frames_per_second": 1, "bytes_per_second": 999, "pixels_per_second": 10, "input_p50_ms": 31.2, "input_p99_ms": 64},
      {"id": "2", "user": "bob", "state": "connected", "desktop": "d-bob", "host": "h1",
       "frames_per_second": 28, "bytes_per_second": 5, "pixels_per_second": 60000000},
      {"id": "3", "user": "carol", "state": "offered"}]})");
}

TEST(TopView, ShowsHostsPoolsAndSessions) {
  const std::string text = top_view(sample(), {});
  EXPECT_THAT(text,
              HasSubstr("desktops: 3 running, 2 starting, 1 stopped, 4 failed; sessions: 2 connected, 1 offered\n"));
  EXPECT_THAT(text, ContainsRegex("h1 +connected, draining +43% of 8 +8.0 of 16.0 GiB +5 +1 +30 +1.2 MB/s +61 Mpx/s"));
  EXPECT_THAT(text, ContainsRegex("h2 +away +- +- +0 +- +- +-"));
  EXPECT_THAT(text, ContainsRegex("office +5 +2 +7 +40"));
  EXPECT_THAT(text, ContainsRegex("alice +d-alice +h1 +connected +192.0.2.1 +1 +999 B/s +10 px/s +31 / 64 ms"));
  EXPECT_THAT(text, ContainsRegex("carol +- +- +offered"));
}

TEST(TopView, SortsSessions) {
  const auto first = [](TopOrder order) {
    const std::string text = top_view(sample(), {.order = order});
    const auto bob = text.find("bob "), alice = text.find("alice ");
    return bob < alice ? "bob" : "alice";
  };
  EXPECT_STREQ(first(TopOrder::kPixels), "bob");
  EXPECT_STREQ(first(TopOrder::kBytes), "alice");
  EXPECT_STREQ(first(TopOrder::kInput), "alice");
  EXPECT_STREQ(first(TopOrder::kUser), "alice");
}

TEST(TopView, FitsTheScreenWithoutCuttingCharacters) {
  Json load = sample();
  load["sessions"][0]["user"] = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9";
  const std::string text = top_view(load, {.size = TopScreen::Size{.rows = 20, .columns = 3}});
  EXPECT_LE(std::ranges::count(text, '\n'), 20);
  EXPECT_THAT(text, HasSubstr("\n\xc3\xa9\xc3\xa9\xc3\xa9\n"));
  EXPECT_EQ(std::ranges::count(top_view(load, {.size = TopScreen::Size{.rows = 2, .columns = 80}}), '\n'), 2);
}

TEST(TopView, LetsNobodyWriteToTheTerminal) {
  Json load = sample();
  load["sessions"][0]["user"] =
      "a\x1b[2J\n\xc2\x9b"
      "b";
  load["hosts"][0]["name"] = "h\x07";
  const std::string text = top_view(load, {.note = "n\x1bote"});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(text, HasSubstr("a?[2J??b"));
  EXPECT_THAT(text, HasSubstr("n?ote\n"));
}

TEST(TopView, BearsAnyAnswer) {
  EXPECT_THAT(top_view(Json::object(), {}), HasSubstr("0 running"));
  EXPECT_THAT(top_view(Json::array({1}), {}), HasSubstr("0 running"));
  const Json odd = Json::parse(R"({"time": 5, "desktops": {"running": "many"}, "hosts": [{}], "pools": [{"name": []}],
                                   "sessions": [{"user": null}, 7]})");
  EXPECT_THAT(top_view(odd, {}), HasSubstr("HOST"));
}

}  // namespace
}  // namespace tobari::cli
