// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>

#include "network/interfaces.h"

namespace tobari::vmhost {
namespace {

using policy::IpAddress;
using policy::IpNetwork;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

DeviceAddress device(const char* name, const char* address, const char* network) {
  return {.device = name, .address = *IpAddress::parse(address), .network = *IpNetwork::parse(network)};
}
IpNetwork net(const char* text) { return *IpNetwork::parse(text); }

const std::vector kDevices{device("eth0", "10.0.2.15", "10.0.2.0/24"), device("virbr7", "192.0.2.1", "192.0.2.0/24")};

TEST(Surroundings, EveryNetworkOfTheHostIsClosed) {
  const auto around =
      surroundings_of({.network = "desks", .always_closed = {*IpAddress::parse("10.7.7.7")}}, "virbr7", kDevices);
  ASSERT_TRUE(around);
  EXPECT_THAT(around->servers, ElementsAre(*IpAddress::parse("192.0.2.1")));
  EXPECT_THAT(around->closed, IsSupersetOf({net("10.0.2.0/24"), net("192.0.2.0/24"), net("10.7.7.7")}));
}

TEST(Surroundings, WhatIsConfiguredReplacesThemButNotTheHostItself) {
  const auto around =
      surroundings_of({.network = "desks", .management = std::vector{net("10.9.0.0/16")}}, "virbr7", kDevices);
  ASSERT_TRUE(around);
  EXPECT_THAT(around->closed, IsSupersetOf({net("10.9.0.0/16"), net("10.0.2.15"), net("192.0.2.0/24")}));
  EXPECT_THAT(around->closed, Not(Contains(net("10.0.2.0/24"))));
}

// On somebody's own bridge desktops and the rest of the network are neighbours.
TEST(Surroundings, TheNetworkOfABridgeIsNotClosed) {
  const auto around =
      surroundings_of({.bridge = "br0", .servers = {*IpAddress::parse("198.51.100.1")}}, "br0",
                      {device("br0", "198.51.100.9", "198.51.100.0/24"), device("eth1", "10.1.1.1", "10.1.1.0/24")});
  ASSERT_TRUE(around);
  EXPECT_THAT(around->servers, ElementsAre(*IpAddress::parse("198.51.100.1")));
  EXPECT_THAT(around->closed, Not(Contains(net("198.51.100.0/24"))));
  EXPECT_THAT(around->closed, IsSupersetOf({net("198.51.100.9"), net("10.1.1.0/24")}));
}

TEST(Surroundings, WithoutServersThereIsNoNetwork) {
  const auto around = surroundings_of({.network = "desks"}, "virbr9", kDevices);
  ASSERT_FALSE(around);
  EXPECT_THAT(around.error().message, HasSubstr("write network_servers"));
}

}  // namespace
}  // namespace tobari::vmhost
