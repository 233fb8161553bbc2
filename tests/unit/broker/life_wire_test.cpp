// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/life_wire.h"

#include <gmock/gmock.h>

namespace tobari::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::SizeIs;

struct LifeWire : ::testing::Test {
  Desktop add(const std::string& name) {
    Desktop& desktop = desktops.emplace_back();
    desktop.id = DesktopId::random();
    desktop.name = name;
    state.add_desktops()->set_desktop_id(desktop.id.str());
    return desktop;
  }
  static UserDisk disk() {
    UserDisk made;
    made.id = UserDiskId::random();
    made.epoch = 7;
    made.size_gib = 20;
    made.storage = "nas";
    return made;
  }

  std::vector<Desktop> desktops;
  wire::DesiredState state;
  control::LifeFacts facts;
};

TEST_F(LifeWire, WhatNothingIsSaidOfIsAsItWas) {
  add("office-1");
  const std::string before = state.SerializeAsString();
  add_life(state, desktops, facts);
  EXPECT_EQ(state.SerializeAsString(), before);
}

TEST_F(LifeWire, RestEndAndCrashesAreToldOfTheDesktopTheyAreOf) {
  add("office-1");
  const Desktop second = add("office-2");
  desktops[0].rest = Rest::kSaved;
  desktops[1].ending = Ending{.at = facts.now + milliseconds(90'500), .how = EndHow::kStop, .text = "maintenance"};
  facts.desktops[second.id] = {.on_crash = OnCrash::kLeave, .crash_restarts = 3, .takes_disk = true, .disks = {disk()}};
  add_life(state, desktops, facts);
  EXPECT_EQ(state.desktops(0).rest(), wire::REST_SAVED);
  EXPECT_FALSE(state.desktops(0).has_ending());
  EXPECT_FALSE(state.desktops(0).takes_user_disk());
  EXPECT_EQ(state.desktops(1).ending().in_seconds(), 91U) << "never sooner than it was said";
  EXPECT_EQ(state.desktops(1).ending().text(), "maintenance");
  EXPECT_EQ(state.desktops(1).on_crash(), wire::DesiredDesktop::STAY_OFF);
  EXPECT_EQ(state.desktops(1).crash_restarts(), 3U);
  EXPECT_TRUE(state.desktops(1).takes_user_disk());
  ASSERT_THAT(state.desktops(1).user_disks(), SizeIs(1));
  EXPECT_EQ(state.desktops(1).user_disks(0).epoch(), 7U);
  EXPECT_EQ(state.desktops(1).user_disks(0).storage(), "nas");
  EXPECT_FALSE(state.desktops(1).user_disks(0).made());
}

TEST_F(LifeWire, AnEndThatIsOverdueIsNow) {
  add("office-1");
  desktops[0].ending = Ending{.at = facts.now - seconds(30), .how = EndHow::kStop, .text = ""};
  add_life(state, desktops, facts);
  ASSERT_TRUE(state.desktops(0).has_ending());
  EXPECT_EQ(state.desktops(0).ending().in_seconds(), 0U);
}

TEST_F(LifeWire, DisksAreDeletedSomeAtATime) {
  facts.removing.assign(300, disk());
  add_life(state, desktops, facts);
  EXPECT_THAT(state.removed_user_disks(), SizeIs(256));
}

TEST_F(LifeWire, WhatAHostSaysIsTakenAsFarAsItMakesSense) {
  const UserDisk one = disk();
  wire::ActualDesktop actual;
  actual.set_logged_off(true);
  actual.add_user_disks("../../etc");
  actual.add_user_disks(one.id.str());
  control::SeenDesktop seen;
  read_life(actual, seen);
  EXPECT_TRUE(seen.logged_off);
  EXPECT_THAT(seen.disks, ElementsAre(one.id));
  for (int i = 0; i < 100; ++i) actual.add_user_disks(UserDiskId::random().str());
  control::SeenDesktop many;
  read_life(actual, many);
  EXPECT_THAT(many.disks, SizeIs(4));

  wire::ActualState report;
  report.add_removed_user_disks("");
  report.add_removed_user_disks(one.id.str());
  EXPECT_THAT(removed_disks(report), ElementsAre(one.id));
  wire::HostHello hello;
  for (const char* name : {"nas", "NAS", "", "../nas"}) hello.add_user_storages(name);
  EXPECT_THAT(storages_of(hello), ElementsAre("nas"));
}

TEST_F(LifeWire, OrdersAreOfOneDesktopInOneEpoch) {
  const control::DesktopOrder order{.desktop = DesktopId::random(), .host = {}, .epoch = 4, .at_once = true};
  EXPECT_EQ(log_off_message(order).log_off().desktop_id(), order.desktop.str());
  EXPECT_EQ(log_off_message(order).log_off().epoch(), 4U);
  EXPECT_EQ(restart_message(order).restart_desktop().epoch(), 4U);
  EXPECT_FALSE(restart_message(order).restart_desktop().orderly());
}

}  // namespace
}  // namespace tobari::broker
