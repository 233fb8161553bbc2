// SPDX-License-Identifier: GPL-3.0-or-later
// Placement says where and why; tests/unit/broker/core_test.cpp has what desktops outside of pools ask of it.
#include "core/placement.h"

#include <array>

#include <gmock/gmock.h>

namespace tobari::broker {
namespace {

using ::testing::HasSubstr;

HostCapacity host(const char* name) {
  HostCapacity made;
  made.id = HostId::random();
  made.name = name;
  made.connected = true;
  made.images = {"debian"};
  made.memory_mib = 10'000;
  made.pixels_per_second = 1'000'000'000;
  return made;
}

const PlacementWish kWish{.image = "debian", .memory_mib = 1000};

TEST(PlacementReasons, TheScarcerOfMemoryAndEncodersDecides) {
  std::array hosts{host("memory"), host("encoders"), host("both")};
  hosts[0].memory_promised_mib = 30'000;
  hosts[1].desktops = 150;
  const Placement placement = weigh(hosts, kWish);
  EXPECT_EQ(placement.host_name, "both");
  ASSERT_EQ(placement.verdicts.size(), 3U);
  EXPECT_THAT(placement.verdicts[0].why, HasSubstr("22 % of its memory free, 99 % of its encoders"));
  EXPECT_THAT(placement.verdicts[1].why, HasSubstr("98 % of its memory free, 22 % of its encoders"));
  EXPECT_TRUE(placement.verdicts[0].possible);
}

TEST(PlacementReasons, LimitsAreKeptAndNamed) {
  std::array hosts{host("a"), host("b")};
  hosts[0].memory_promised_mib = 39'001;
  hosts[1].desktops = 192;  // the 193rd passes 400 % of a thousand million
  const Placement placement = weigh(hosts, kWish);
  EXPECT_TRUE(placement.host.empty());
  EXPECT_EQ(placement.verdicts[0].why, "its memory is promised: 39001 MiB of 400 % of 10000");
  EXPECT_THAT(placement.verdicts[1].why, HasSubstr("its encoders are promised: 192 desktops of 400 % of 1000"));
  EXPECT_EQ(place(hosts, kWish).error().code, Errc::kExhausted);
  hosts[0].memory_promised_mib = 39'000;
  EXPECT_EQ(*place(hosts, kWish), hosts[0].id);
  EXPECT_EQ(place(hosts, kWish, {.memory_percent = 100}).error().code, Errc::kExhausted);
}

TEST(PlacementReasons, TheUsersOtherDesktopsDrawAndDoNotForce) {
  std::array hosts{host("a"), host("b")};
  hosts[1].of_user = 1;
  hosts[1].memory_promised_mib = 8'000;  // a fifth of what may be promised
  EXPECT_EQ(weigh(hosts, kWish).host_name, "b");
  hosts[1].memory_promised_mib = 16'000;
  EXPECT_EQ(weigh(hosts, kWish).host_name, "a");
}

TEST(PlacementReasons, DrainingLostAndAwayAreSaid) {
  std::array hosts{host("a"), host("b"), host("c"), host("d")};
  hosts[0].mode = HostMode::kDraining;
  hosts[1].lost = true;
  hosts[2].connected = false;
  hosts[3].images = {"windows"};
  PlacementWish floating = kWish;
  floating.needs_lease = true;
  const Placement placement = weigh(hosts, floating);
  EXPECT_TRUE(placement.host.empty());
  EXPECT_EQ(placement.verdicts[0].why, "is draining");
  EXPECT_EQ(placement.verdicts[1].why, "has no lease");
  EXPECT_EQ(placement.verdicts[2].why, "is not connected");
  EXPECT_EQ(placement.verdicts[3].why, "does not have the image debian");
  EXPECT_EQ(weigh(hosts, kWish).host_name, "b") << "a desktop that cannot run elsewhere needs no lease";
}

}  // namespace
}  // namespace tobari::broker
