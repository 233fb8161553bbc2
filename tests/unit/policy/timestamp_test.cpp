// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/timestamp.h>

#include <gmock/gmock.h>

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

TEST(Timestamp, IsAnInstant) {
  const auto instant = sys_days(year(2026) / 11 / 27) + 13h + 5min + 6s;
  EXPECT_EQ(parse_timestamp("2026-11-27T13:05:06Z"), instant);
  EXPECT_EQ(parse_timestamp("2026-11-27T22:05:06+09:00"), instant);
  EXPECT_EQ(parse_timestamp("2026-11-27T09:35:06-03:30"), instant);
  EXPECT_EQ(parse_timestamp("2024-02-29T00:00:00Z"), sys_days(year(2024) / 2 / 29));
}

TEST(Timestamp, IsNothingElse) {
  for (const char* bad : {"",
                          "2026-11-27",
                          "2026-11-27T13:05:06",
                          "2026-11-27 13:05:06Z",
                          "2026-11-27T13:05Z",
                          "2026-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z",
                          "1969-12-31T00:00:00Z",
                          "2026-11-27T24:00:00Z",
                          "2026-11-27T23:60:00Z",
                          "2026-11-27T23:59:60Z",
                          "2026-11-27T23:59:59+24:00",
                          "2026-11-27T23:59:59+09:60",
                          "2026-11-27T23:59:59+0900",
                          "2026-11-27T23:59:59-9:00",
                          "2026-11-27T23:59:59ZZ",
                          "2026-11-27T23:59:59 09:00",
                          "x026-11-27T13:05:06Z",
                          "2026-11-27T13:05:06*09:00",
                          "2026-11-27T13:0.:06Z",
                          "2026-11-27T13:0;:06Z"}) {
    EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tobari::policy
