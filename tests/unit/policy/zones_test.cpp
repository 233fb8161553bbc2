// SPDX-License-Identifier: GPL-3.0-or-later
// The table of a zone against the C library, which reads the same files with code of its own, and against days that are
// known.
#include <tobari/policy/zones.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "posix_zone.h"
#include "tzif.h"

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

std::chrono::seconds local_of_c_library(sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm wall{};
  ::localtime_r(&seconds, &wall);
  return std::chrono::seconds(::timegm(&wall));
}

std::vector<std::string> all_zones() {
  std::vector<std::string> names;
  for (const auto& zone : std::chrono::get_tzdb().zones) names.emplace_back(zone.name());
  for (const auto& link : std::chrono::get_tzdb().links) names.emplace_back(link.name());
  return names;
}

// Sets TZ and puts back what was there.
class Clock {
 public:
  Clock() : kept_(std::getenv("TZ") != nullptr ? std::optional<std::string>(std::getenv("TZ")) : std::nullopt) {}
  ~Clock() {
    kept_ ? ::setenv("TZ", kept_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  static void set(const std::string& name) {
    ::setenv("TZ", name.c_str(), 1);
    ::tzset();
  }

 private:
  std::optional<std::string> kept_;
};

TEST(Zones, AreWhatTheCLibrarySaysAtAnyInstant) {
  Clock clock;
  std::mt19937_64 random(3);
  int zones = 0;
  for (const std::string& name : all_zones()) {
    const auto zone = find_zone(name);
    if (zone == nullptr) continue;  // not every link is installed
    Clock::set(name);
    for (int i = 0; i < 200; ++i) {
      const sys_seconds time = sys_days(year(1970) / 1 / 1) +
                               std::chrono::seconds(static_cast<std::int64_t>(random() % (130ULL * 365 * 86'400)));
      ASSERT_EQ(zone->local(time).time_since_epoch(), local_of_c_library(time)) << name << ' ' << time;
    }
    for (const TimeZone::Offset& change : zone->offsets) {
      if (change.from < sys_days(year(1970) / 1 / 2)) continue;
      for (const auto distance : {-1s, 0s, 1s}) {
        const sys_seconds time = change.from + distance;
        ASSERT_EQ(zone->local(time).time_since_epoch(), local_of_c_library(time)) << name << ' ' << time;
      }
    }
    ++zones;
  }
  EXPECT_GT(zones, 300);
}

TEST(Zones, KnowDaysThatAreKnown) {
  const auto berlin = find_zone("Europe/Berlin");
  EXPECT_EQ(berlin->local(sys_days(year(2026) / 3 / 29) + 59min + 59s),
            local_days(year(2026) / 3 / 29) + 1h + 59min + 59s);
  EXPECT_EQ(berlin->local(sys_days(year(2026) / 3 / 29) + 1h), local_days(year(2026) / 3 / 29) + 3h);
  EXPECT_EQ(berlin->local(sys_days(year(2099) / 7 / 1)), local_days(year(2099) / 7 / 1) + 2h);
  const auto tokyo = find_zone("Asia/Tokyo");
  EXPECT_EQ(tokyo->local(sys_days(year(2026) / 7 / 1) + 15h), local_days(year(2026) / 7 / 2));
  const auto apia = find_zone("Pacific/Apia");
  EXPECT_EQ(apia->local(sys_days(year(2011) / 12 / 30) + 10h), local_days(year(2011) / 12 / 31))
      << "Samoa left out the 30th";
}

TEST(Zones, ThatDoNotExistAreNone) {
  for (const char* name :
       {"Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "Europe", "zone.tab", "tzdata.zi"}) {
    EXPECT_EQ(find_zone(name), nullptr) << name;
  }
}

TEST(Zones, FilesThatAreCutAreNone) {
  const auto header = [](char times, char types) {
    std::string text = "TZif2" + std::string(15, '\0');
    for (const char count : {'\0', '\0', '\0', times, types, '\1'}) text += std::string(3, '\0') + count;
    return text;
  };
  const std::string utc = header(0, 1) + std::string(7, '\0') + header(0, 1) + std::string(7, '\0') + "\nUTC0\n";
  ASSERT_TRUE(parse_tzif(utc).has_value());
  for (std::size_t size = 0; size < utc.size(); ++size)
    EXPECT_FALSE(parse_tzif(utc.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(
      parse_tzif(header(0, 0) + std::string(1, '\0') + header(0, 0) + std::string(1, '\0') + "\nUTC0\n").has_value())
      << "no type at all";
  std::string wrong_type = header(0, 1) + std::string(7, '\0') + header(1, 1) + std::string(8, '\0') + "\7" +
                           std::string(7, '\0') + "\nUTC0\n";
  EXPECT_FALSE(parse_tzif(wrong_type).has_value()) << "type 7 of 1";
}

TEST(PosixZone, IsARuleForEveryYear) {
  const auto europe = parse_posix_zone("CET-1CEST,M3.5.0,M10.5.0/3").value();
  EXPECT_EQ(europe.standard, 1h);
  EXPECT_EQ(europe.summer->to_local, 2h);
  EXPECT_EQ(europe.summer->begin.in(year(2026)), sys_days(year(2026) / 3 / 29) + 2h);
  EXPECT_EQ(europe.summer->end.in(year(2026)), sys_days(year(2026) / 10 / 25) + 3h);
  const auto nuuk = parse_posix_zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0").value();
  EXPECT_EQ(nuuk.standard, -2h);
  EXPECT_EQ(nuuk.summer->begin.in(year(2026)), sys_days(year(2026) / 3 / 28) + 23h);
  EXPECT_EQ(parse_posix_zone("IST-5:30")->standard, 5h + 30min);
  for (const char* bad : {"", "U", "UTC", "UTC0x", "CET-1CEST", "CET-1CEST,J60,J300", "CET-1CEST,M13.5.0,M10.5.0",
                          "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "<-02", "CET-1:60", "CET-168",
                          "CET-1CEST,M3.5.0,M10.5.0/", "CET-1CEST,M3.5.0"}) {
    EXPECT_EQ(parse_posix_zone(bad).has_value(), false) << bad;
  }
}

}  // namespace
}  // namespace tobari::policy
