// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/network_wire.h"

#include <gmock/gmock.h>

namespace tobari::vmhost {
namespace {

wire::NetworkPolicy good() {
  wire::NetworkPolicy message;
  wire::NetworkEntry& entry = *message.mutable_egress()->add_entries();
  entry.set_rule("web");
  entry.set_allow(true);
  entry.set_protocol(wire::NetworkEntry::TCP);
  const policy::IpNetwork network = *policy::IpNetwork::parse("10.0.0.0/8");
  entry.add_networks()->set_address(network.address.bytes.data(), 16);
  entry.mutable_networks(0)->set_prefix_bits(network.prefix_bits);
  entry.add_names("www.example.com");
  entry.add_ports()->set_first(443);
  entry.mutable_ports(0)->set_last(443);
  return message;
}

TEST(NetworkWire, IsWhatWasSent) {
  const auto network = from_wire(good());
  ASSERT_TRUE(network) << describe(network.error());
  EXPECT_FALSE(network->ingress.has_value());
  EXPECT_EQ(network->egress->at(0).traffic, (policy::Traffic{.protocol = policy::Protocol::kTcp,
                                                             .networks = {*policy::IpNetwork::parse("10.0.0.0/8")},
                                                             .domains = {"www.example.com"},
                                                             .ports = {{443, 443}}}));
  wire::NetworkPolicy closed;
  closed.mutable_egress();
  EXPECT_TRUE(from_wire(closed)->egress.has_value());
}

TEST(NetworkWire, WhatIsMalformedIsRefusedWhole) {
  const auto refused = [](void (*spoil)(wire::NetworkEntry&)) {
    wire::NetworkPolicy message = good();
    spoil(*message.mutable_egress()->mutable_entries(0));
    return from_wire(message).error_or(Error{}).code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto& e) { e.mutable_networks(0)->set_address("short"); }));
  EXPECT_TRUE(refused([](auto& e) { e.mutable_networks(0)->set_prefix_bits(129); }));
  EXPECT_TRUE(refused([](auto& e) { e.mutable_networks(0)->set_prefix_bits(3); }));
  EXPECT_TRUE(refused([](auto& e) { e.add_names("a } ; flush ruleset"); }));
  EXPECT_TRUE(refused([](auto& e) { e.add_names(std::string(254, 'a')); }));
  EXPECT_TRUE(refused([](auto& e) { e.mutable_ports(0)->set_last(65'536); }));
  EXPECT_TRUE(refused([](auto& e) { e.mutable_ports(0)->set_last(1); }));
  EXPECT_TRUE(refused([](auto& e) { e.set_protocol(wire::NetworkEntry::ANY); })) << "ports of no protocol";
  wire::NetworkPolicy many;
  for (int i = 0; i <= kMaxNetworkEntries; ++i) many.mutable_ingress()->add_entries();
  EXPECT_FALSE(from_wire(many));
}

}  // namespace
}  // namespace tobari::vmhost
