// SPDX-License-Identifier: GPL-3.0-or-later
#include "fence/lease_file.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

LeaseNote sample_note() {
  LeaseNote note;
  note.boot = "b1";
  note.until = 1234567890123ns;
  note.always = {DesktopId::random(), DesktopId::random()};
  note.leased = {DesktopId::random()};
  return note;
}

TEST(LeaseFile, IsReadAsItWasWritten) {
  const TempDir dir;
  const LeaseNote note = sample_note();
  ASSERT_TRUE(write_lease_note(dir / "lease", note));
  EXPECT_EQ(read_lease_note(dir / "lease", "b1").value(), note);
  ASSERT_TRUE(write_lease_note(dir / "lease", LeaseNote{.boot = "b1"}));
  EXPECT_EQ(read_lease_note(dir / "lease", "b1").value(), LeaseNote{.boot = "b1"});
}

TEST(LeaseFile, OfAnotherLifeOfTheMachineIsNone) {
  const TempDir dir;
  EXPECT_EQ(read_lease_note(dir / "lease", "b1").error().code, Errc::kNotFound);
  ASSERT_TRUE(write_lease_note(dir / "lease", sample_note()));
  EXPECT_EQ(read_lease_note(dir / "lease", "b2").error().code, Errc::kNotFound);
  EXPECT_EQ(boot_id().value(), boot_id().value());
  EXPECT_GT(boot_time(), 0ns);
}

TEST(LeaseFile, DamagedIsAnErrorAndNoLease) {
  const std::string good = to_text(sample_note());
  ASSERT_TRUE(parse_lease_note(good));
  for (const std::string& bad :
       {std::string("tobari lease 2\nboot b1\n"), good.substr(0, good.size() - 1), good + "leased nobody\n",
        good + "maybe " + DesktopId::random().str() + "\n", std::string("tobari lease 1\nboot b1\nuntil soon\n"),
        std::string("tobari lease 1\nboot b1\nuntil -5\n"), std::string("tobari lease 1\n"), std::string()}) {
    const auto parsed = parse_lease_note(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error().message, HasSubstr("damaged"));
  }
}

TEST(LeaseFile, SaysWhatMayGoOn) {
  const LeaseNote note = sample_note();
  const DesktopId always = *note.always.begin();
  const DesktopId leased = *note.leased.begin();
  EXPECT_TRUE(note.may_run(leased, note.until - 1ns));
  EXPECT_FALSE(note.may_run(leased, note.until));
  EXPECT_TRUE(note.may_run(always, note.until + 1h));
  EXPECT_FALSE(note.may_run(DesktopId::random(), 0ns)) << "one that nobody names";
}

TEST(LeaseFile, HasOneWatchdog) {
  const TempDir dir;
  EXPECT_FALSE(has_watchdog(dir / "lease"));
  {
    const auto first = become_watchdog(dir / "lease");
    ASSERT_TRUE(first);
    EXPECT_TRUE(has_watchdog(dir / "lease"));
    EXPECT_EQ(become_watchdog(dir / "lease").error().code, Errc::kAlreadyExists);
  }
  EXPECT_FALSE(has_watchdog(dir / "lease"));
  EXPECT_TRUE(become_watchdog(dir / "lease"));
}

}  // namespace
}  // namespace tobari::vmhost
