// SPDX-License-Identifier: GPL-3.0-or-later
#include "machine_log.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../../unit/vmhost/temp_dir.h"

namespace tobari::vmhost {
namespace {

using Kind = MachineLine::Kind;

TEST(MachineLine, TextAndBack) {
  const DesktopId id = DesktopId::random();
  for (const Kind kind : {Kind::kUp, Kind::kDown, Kind::kPaused, Kind::kResumed, Kind::kSaved}) {
    for (const bool is_template : {false, true}) {
      const MachineLine line{1'234'567'890'123, kind, id, is_template};
      const auto again = parse_machine_line(to_text(line));
      ASSERT_TRUE(again) << to_text(line);
      EXPECT_EQ(*again, line);
    }
  }
}

TEST(MachineLine, WhatIsNone) {
  const std::string id = DesktopId::random().str();
  for (const std::string& text :
       std::vector<std::string>{"", "12", "12 up", "up " + id, "12x up " + id, "12 sideways " + id,
                                "12 up " + id.substr(1), "12 up " + id + " templates"}) {
    EXPECT_FALSE(parse_machine_line(text)) << text;
  }
}

TEST(MachineLog, ReadsWhatOthersWroteOnceAndInOrder) {
  const TempDir dir;
  auto ours = MachineLog::open(dir / "machines");
  auto theirs = MachineLog::open(dir / "machines");
  ASSERT_TRUE(ours && theirs);
  const DesktopId one = DesktopId::random();
  const DesktopId other = DesktopId::random();
  ASSERT_TRUE(ours->append(Kind::kUp, one, false));
  ASSERT_TRUE(theirs->append(Kind::kPaused, one, false));
  ASSERT_TRUE(ours->append(Kind::kUp, other, true));
  const auto lines = ours->read_new();
  ASSERT_TRUE(lines) << describe(lines.error());
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ((*lines)[0].machine, one);
  EXPECT_EQ((*lines)[1].kind, Kind::kPaused);
  EXPECT_TRUE((*lines)[2].is_template);
  EXPECT_LE((*lines)[0].at_ns, (*lines)[2].at_ns);
  EXPECT_TRUE(ours->read_new()->empty());
  ASSERT_TRUE(theirs->append(Kind::kDown, one, false));
  EXPECT_EQ(ours->read_new()->size(), 1U);
  EXPECT_EQ(theirs->read_new()->size(), 4U);
}

TEST(MachineLog, HalfALineWaitsForItsRest) {
  const TempDir dir;
  auto log = MachineLog::open(dir / "machines");
  ASSERT_TRUE(log);
  const std::string text = to_text({7, Kind::kUp, DesktopId::random(), false});
  std::ofstream writer(dir / "machines", std::ios::app);
  writer << text.substr(0, 20) << std::flush;
  EXPECT_TRUE(log->read_new()->empty());
  writer << text.substr(20) << "\n" << std::flush;
  const auto lines = log->read_new();
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_EQ((*lines)[0].at_ns, 7);
}

TEST(MachineLog, NonsenseIsAnError) {
  const TempDir dir;
  auto log = MachineLog::open(dir / "machines");
  ASSERT_TRUE(log);
  std::ofstream(dir / "machines", std::ios::app) << std::string(MachineLog::kMaxLineBytes + 1, 'x');
  EXPECT_EQ(log->read_new().error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace tobari::vmhost
