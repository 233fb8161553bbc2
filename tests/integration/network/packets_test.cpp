// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernel lets through with the rules that we give it: real packets between network namespaces. Run in a
// network namespace of its own (CMakeLists.txt). What libvirt does, the lease and the guard, needs a VM:
// tests/e2e/network.py.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "hostile_frames.h"
#include "namespaces.h"
#include "network/nft_packet_filter.h"

namespace tobari::vmhost {
namespace {

using policy::Effect;
using policy::IpAddress;
using policy::IpNetwork;
using policy::NetworkEntry;
using policy::Protocol;
using ::testing::UnorderedElementsAre;

using Entries = std::vector<NetworkEntry>;

NetworkEntry allow(const char* network, Protocol protocol, std::uint16_t port) {
  NetworkEntry entry{.rule = "r", .effect = Effect::kAllow, .traffic = {}};
  entry.traffic.protocol = protocol;
  entry.traffic.networks = {*IpNetwork::parse(network)};
  if (port != 0) entry.traffic.ports = {{port, port}};
  return entry;
}
NetworkEntry deny(const char* network) {
  return {.rule = "no", .effect = Effect::kDeny, .traffic = {.networks = {*IpNetwork::parse(network)}}};
}

// There when bridged packets are shown to the IP layer.
constexpr const char* kBridgedPackets = "/proc/sys/net/bridge/bridge-nf-call-iptables";

class Packets : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/etc/tobari-root") || ::geteuid() != 0 ||
        std::getenv("TOBARI_OWN_NETWORK") == nullptr)
      GTEST_SKIP() << "not in a network namespace of its own";
    net_.emplace();
  }
  void TearDown() override {
    if (!net_) return;
    for (const DesktopId& id : {net_->alice, net_->bob}) EXPECT_TRUE(filter_->remove(id));
    sh("nft 'delete table bridge tobari; delete table inet tobari'");
  }
  void set(const DesktopId& id, std::optional<Entries> egress, std::optional<Entries> ingress) {
    const auto done = filter_->set({{id, {.egress = std::move(egress), .ingress = std::move(ingress)}}}, around_, {});
    ASSERT_TRUE(done) << describe(done.error());
  }
  void alices(std::optional<Entries> egress, std::optional<Entries> ingress) {
    set(net_->alice, std::move(egress), std::move(ingress));
  }
  // As on somebody's own bridge: the neighbour is not closed.
  void beside_neighbours() { around_.closed = {*IpNetwork::parse("10.9.9.0/24")}; }

  std::optional<Internet> net_;
  const std::unique_ptr<PacketFilter> filter_ = make_nft_packet_filter();
  Surroundings around_{.bridge = "br-test",
                       .servers = {*IpAddress::parse(Internet::kGateway)},
                       .closed = {*IpNetwork::parse("192.0.2.0/24"), *IpNetwork::parse("10.9.9.0/24"),
                                  *IpNetwork::parse("198.51.100.1")}};
};

TEST_F(Packets, ATapOfNoDesktopIsClosed) {
  const UniqueFd server = bound("server", SOCK_STREAM, 443);
  ASSERT_TRUE(opens("alice", Internet::kServer, 443)) << "without Tobari";
  set(net_->bob, std::nullopt, std::nullopt);
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 443)) << "and nobody has set rules for hers";
  EXPECT_TRUE(opens("bob", Internet::kServer, 443));
  alices(std::nullopt, std::nullopt);
  EXPECT_TRUE(opens("alice", Internet::kServer, 443));
  EXPECT_THAT(*filter_->list(), UnorderedElementsAre(net_->alice, net_->bob));
  ASSERT_TRUE(filter_->remove(net_->alice));
  ASSERT_TRUE(filter_->remove(net_->alice));
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 443));
  EXPECT_THAT(*filter_->list(), UnorderedElementsAre(net_->bob));
}

TEST_F(Packets, EgressByAddressPortAndProtocol) {
  const UniqueFd https = bound("server", SOCK_STREAM, 443);
  const UniqueFd ssh = bound("server", SOCK_STREAM, 22);
  const UniqueFd udp = bound("server", SOCK_DGRAM, 443);
  alices(Entries{allow("198.51.100.0/24", Protocol::kTcp, 443)}, Entries{});
  EXPECT_TRUE(opens("alice", Internet::kServer, 443));
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 22));
  const UniqueFd from = socket_in("alice", SOCK_DGRAM);
  send_to(from, Internet::kServer, 443, "datagram");
  EXPECT_FALSE(hears(udp, "datagram", kShort));
  alices(Entries{deny("198.51.100.2"), allow("198.51.100.0/24", Protocol::kTcp, 443)}, Entries{});
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 443)) << "a denial wins";
  alices(Entries{}, std::nullopt);
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 443)) << "a list without entries lets nothing out";
}

TEST_F(Packets, IngressAndNothingBesideIt) {
  const UniqueFd ssh = bound("alice", SOCK_STREAM, 22);
  const UniqueFd other = bound("alice", SOCK_STREAM, 23);
  alices(Entries{}, Entries{allow("198.51.100.0/24", Protocol::kTcp, 22)});
  EXPECT_TRUE(opens("server", "192.0.2.11", 22)) << "and is answered, although the desktop may open nothing";
  EXPECT_TRUE(stays_closed("server", "192.0.2.11", 23));
  alices(std::nullopt, Entries{});
  EXPECT_TRUE(stays_closed("server", "192.0.2.11", 22));
}

// From the very address and port that the desktop may connect to, or to which it has a connection.
TEST_F(Packets, WhoMayBeAskedMayNotAskBack) {
  const UniqueFd listening = bound("alice", SOCK_STREAM, 8080);
  const UniqueFd waiting = bound("alice", SOCK_DGRAM, 8080);
  const UniqueFd udp = bound("server", SOCK_DGRAM, 443);
  alices(Entries{allow(Internet::kServer, Protocol::kAny, 0)}, Entries{});
  EXPECT_FALSE(connected("server", "192.0.2.11", 8080, kShort, 443));
  send_to(udp, "192.0.2.11", 8080, "uninvited");
  EXPECT_FALSE(hears(waiting, "uninvited", kShort));
  const UniqueFd asking = bound("alice", SOCK_DGRAM, 9090);
  send_to(asking, Internet::kServer, 443, "question");
  ASSERT_TRUE(hears(udp, "question", kLong));
  send_to(udp, "192.0.2.11", 9090, "answer");
  EXPECT_TRUE(hears(asking, "answer", kLong));
  send_to(udp, "192.0.2.11", 8080, "another");
  EXPECT_FALSE(hears(waiting, "another", kShort));
}

// And a desktop that may be asked at a port may not open connections from it.
TEST_F(Packets, WhoMayAnswerMayNotAsk) {
  const UniqueFd server = bound("server", SOCK_STREAM, 443);
  const UniqueFd udp = bound("server", SOCK_DGRAM, 443);
  alices(Entries{}, Entries{allow("0.0.0.0/0", Protocol::kAny, 0)});
  EXPECT_FALSE(connected("alice", Internet::kServer, 443, kShort, 22));
  const UniqueFd from = bound("alice", SOCK_DGRAM, 22);
  send_to(from, Internet::kServer, 443, "leak");
  EXPECT_FALSE(hears(udp, "leak", kShort));
}

TEST_F(Packets, OtherRulesHoldForConnectionsThatExist) {
  const UniqueFd listening = bound("server", SOCK_STREAM, 443);
  alices(Entries{allow(Internet::kServer, Protocol::kTcp, 443)}, Entries{});
  const UniqueFd client = connected("alice", Internet::kServer, 443, kLong);
  ASSERT_TRUE(client);
  ASSERT_TRUE(ready(listening.get(), POLLIN, kLong));
  const UniqueFd server(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  ASSERT_EQ(::send(client.get(), "before", 6, MSG_NOSIGNAL), 6);
  ASSERT_TRUE(hears(server, "before", kLong));
  const auto began = std::chrono::steady_clock::now();
  alices(Entries{allow(Internet::kServer, Protocol::kTcp, 80)}, Entries{});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  std::printf("rules replaced in %.1f ms\n", took.count());
  ASSERT_EQ(::send(client.get(), "after", 5, MSG_NOSIGNAL), 5);
  EXPECT_FALSE(hears(server, "after", kShort));
  ASSERT_EQ(::send(server.get(), "back", 4, MSG_NOSIGNAL), 4);
  EXPECT_FALSE(hears(client, "back", kShort));
  alices(Entries{allow(Internet::kServer, Protocol::kTcp, 443)}, Entries{});
  EXPECT_TRUE(hears(server, "after", kLong)) << "TCP sends again, and is let through again";
}

// Its answers go where the desktop may open connections, too; this one it did not open.
TEST_F(Packets, AConnectionThatMayNotBeAnsweredAnyMoreEnds) {
  const UniqueFd listening = bound("alice", SOCK_STREAM, 22);
  alices(Entries{}, Entries{allow(Internet::kServer, Protocol::kTcp, 22)});
  const UniqueFd client = connected("server", "192.0.2.11", 22, kLong);
  ASSERT_TRUE(client);
  ASSERT_TRUE(ready(listening.get(), POLLIN, kLong));
  const UniqueFd served(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  alices(Entries{allow(Internet::kServer, Protocol::kAny, 0)}, Entries{});
  ASSERT_EQ(::send(served.get(), "leak", 4, MSG_NOSIGNAL), 4);
  EXPECT_FALSE(hears(client, "leak", kShort));
}

TEST_F(Packets, WhatIsClosedStaysClosedWhateverIsAllowed) {
  const UniqueFd https = bound("server", SOCK_STREAM, 443);
  const UniqueFd alices_own = bound("alice", SOCK_STREAM, 22);
  const UniqueFd waiting = bound("alice", SOCK_DGRAM, 8080);
  const UniqueFd udp = bound("server", SOCK_DGRAM, 443);
  around_.closed.push_back(*IpNetwork::parse("198.51.100.0/24"));
  alices(Entries{allow("0.0.0.0/0", Protocol::kAny, 0)}, Entries{allow("0.0.0.0/0", Protocol::kAny, 0)});
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 443));
  EXPECT_TRUE(stays_closed("server", "192.0.2.11", 22));
  send_to(udp, "192.0.2.11", 8080, "to her");
  EXPECT_FALSE(hears(waiting, "to her", kShort));
  send_to(waiting, Internet::kServer, 443, "from her");
  EXPECT_FALSE(hears(udp, "from her", kShort));
}

TEST_F(Packets, DesktopsDoNotReachEachOther) {
  const UniqueFd bobs = bound("bob", SOCK_STREAM, 80);
  alices(std::nullopt, std::nullopt);
  set(net_->bob, std::nullopt, std::nullopt);
  EXPECT_TRUE(stays_closed("alice", "192.0.2.12", 80));
  beside_neighbours();
  alices(std::nullopt, std::nullopt);
  set(net_->bob, std::nullopt, std::nullopt);
  EXPECT_TRUE(stays_closed("alice", "192.0.2.12", 80)) << "nor on a bridge whose network is open";
  // Not even by ARP: who has 192.0.2.12?
  const UniqueFd out = frames_in("alice");
  const UniqueFd bob = frames_in("bob");
  const UniqueFd neighbour = frames_in("lan");
  const std::string asked = std::string(6, '\xff') + mac_bytes(guest_mac(net_->alice)) +
                            std::string("\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10) +
                            mac_bytes(guest_mac(net_->alice)) + std::string("\xc0\x00\x02\x0b", 4) +
                            std::string(6, '\0') + std::string("\xc0\x00\x02\x0c marker", 11);
  ASSERT_EQ(::send(out.get(), asked.data(), asked.size(), 0), static_cast<ssize_t>(asked.size()));
  EXPECT_TRUE(sees(neighbour, " marker", kLong));
  EXPECT_FALSE(sees(bob, " marker", kShort));
}

TEST_F(Packets, NorThroughTheGateway) {
  const UniqueFd bobs = bound("bob", SOCK_STREAM, 80);
  sh("ip -n alice route add 192.0.2.12/32 via 192.0.2.1; ip -n bob route add 192.0.2.11/32 via 192.0.2.1");
  ASSERT_TRUE(opens("alice", "192.0.2.12", 80)) << "without Tobari";
  alices(std::nullopt, std::nullopt);
  set(net_->bob, std::nullopt, std::nullopt);
  EXPECT_TRUE(stays_closed("alice", "192.0.2.12", 80));
}

TEST_F(Packets, TheHostAnswersNothingButDns) {
  std::vector<UniqueFd> services;
  for (const std::uint16_t port : std::array<std::uint16_t, 3>{22, 53, 16509})
    services.push_back(bound("", SOCK_STREAM, port));
  const UniqueFd names = bound("", SOCK_DGRAM, 53);
  alices(std::nullopt, std::nullopt);
  EXPECT_TRUE(opens("alice", Internet::kGateway, 53));
  const UniqueFd asking = bound("alice", SOCK_DGRAM, 5353);
  send_to(asking, Internet::kGateway, 53, "question");
  ASSERT_TRUE(hears(names, "question", kLong));
  const sockaddr_in back = address_of("192.0.2.11", 5353);
  ASSERT_EQ(::sendto(names.get(), "answer", 6, 0, raw(back), sizeof back), 6);
  EXPECT_TRUE(hears(asking, "answer", kLong));
  for (const char* address : {Internet::kGateway, "10.9.9.1", "198.51.100.1"}) {
    EXPECT_TRUE(stays_closed("alice", address, 22)) << address;
    EXPECT_TRUE(stays_closed("alice", address, 16509)) << address;
  }
  EXPECT_TRUE(stays_closed("alice", "10.9.9.1", 53)) << "DNS is the gateway's";
  around_.closed.clear();
  alices(std::nullopt, std::nullopt);
  for (const char* address : {"10.9.9.1", "198.51.100.1"}) {
    EXPECT_TRUE(stays_closed("alice", address, 22)) << "also when nobody named it: " << address;
  }
  alices(Entries{}, Entries{});
  EXPECT_TRUE(stays_closed("alice", Internet::kGateway, 53)) << "who may connect nowhere asks no names";
}

TEST_F(Packets, AnotherMacIsNobody) {
  const UniqueFd server = bound("server", SOCK_STREAM, 443);
  alices(std::nullopt, std::nullopt);
  ASSERT_TRUE(opens("alice", Internet::kServer, 443));
  sh("ip -n alice link set eth0 address 02:bb:bb:bb:bb:bb");
  EXPECT_TRUE(stays_closed("alice", Internet::kServer, 443));
}

// Or one desktop takes every address that there is.
TEST_F(Packets, LeasesAreAskedForOnesOwnMac) {
  const UniqueFd server = bound("", SOCK_DGRAM, 67);
  const UniqueFd asking = bound("alice", SOCK_DGRAM, 68);
  alices(Entries{}, Entries{});
  const auto ask = [](const std::string& mac) { return std::string(28, 'd') + mac_bytes(mac) + std::string(206, 'd'); };
  send_to(asking, Internet::kGateway, 67, ask("02:bb:bb:bb:bb:bb"));
  EXPECT_FALSE(hears(server, ask("02:bb:bb:bb:bb:bb"), kShort));
  send_to(asking, Internet::kGateway, 67, ask(guest_mac(net_->alice)));
  EXPECT_TRUE(hears(server, ask(guest_mac(net_->alice)), kLong));
}

TEST_F(Packets, NeitherIpv6NorTagsPass) {
  sh("ip addr add 2001:db8::1/64 dev br-test nodad; ip -n alice addr add 2001:db8::11/64 dev eth0 nodad");
  const auto pings = [](const std::string& address) {
    return std::system(("ip netns exec alice ping -n -q -c 1 -W 1 " + address + " >/dev/null").c_str()) == 0;
  };
  const UniqueFd out = frames_in("alice");
  const UniqueFd in = frames_in("lan");
  // To everybody, from her, in VLAN 7.
  std::string tagged = std::string(6, '\xff') + mac_bytes(guest_mac(net_->alice));
  tagged += std::string("\x81\x00\x00\x07\x08\x00", 6) + std::string(60, 'x');
  const auto passes = [&](int within) {
    EXPECT_EQ(::send(out.get(), tagged.data(), tagged.size(), 0), static_cast<ssize_t>(tagged.size()));
    return sees(in, std::string(60, 'x'), within);
  };
  ASSERT_TRUE(pings("2001:db8::1") && passes(kLong)) << "without Tobari";
  beside_neighbours();
  alices(std::nullopt, std::nullopt);
  EXPECT_FALSE(pings("2001:db8::1"));
  EXPECT_FALSE(passes(kShort));
  EXPECT_TRUE(pings(Internet::kServer)) << "and IPv4 does";
}

// Bridged, not routed: the host's IP layer sees these packets only because br_netfilter shows them to it.
TEST_F(Packets, NeighboursOnTheSameBridge) {
  if (!std::filesystem::exists(kBridgedPackets)) GTEST_SKIP() << "this kernel has no br_netfilter";
  UniqueFd https = bound("lan", SOCK_STREAM, 443);
  const UniqueFd ssh = bound("lan", SOCK_STREAM, 22);
  const UniqueFd alices_own = bound("alice", SOCK_STREAM, 8080);
  beside_neighbours();
  alices(Entries{allow(Internet::kNeighbour, Protocol::kTcp, 443)}, Entries{});
  EXPECT_TRUE(opens("alice", Internet::kNeighbour, 443));
  EXPECT_TRUE(stays_closed("alice", Internet::kNeighbour, 22));
  https.reset();
  EXPECT_FALSE(connected("lan", "192.0.2.11", 8080, kShort, 443)) << "from the port that the desktop may connect to";
  https = bound("lan", SOCK_STREAM, 443);
  alices(Entries{}, Entries{allow(Internet::kNeighbour, Protocol::kTcp, 8080)});
  EXPECT_TRUE(opens("lan", "192.0.2.11", 8080));
  EXPECT_TRUE(stays_closed("alice", Internet::kNeighbour, 443));
}

TEST_F(Packets, WithoutBrNetfilterNeighboursAreClosed) {
  if (!std::filesystem::exists(kBridgedPackets)) GTEST_SKIP() << "this kernel has no br_netfilter";
  const UniqueFd https = bound("lan", SOCK_STREAM, 443);
  const UniqueFd alices_own = bound("alice", SOCK_STREAM, 8080);
  beside_neighbours();
  alices(std::nullopt, std::nullopt);
  ASSERT_TRUE(opens("alice", Internet::kNeighbour, 443));
  const UniqueFd theirs = bound("lan", SOCK_DGRAM, 53);
  const UniqueFd hers = bound("alice", SOCK_DGRAM, 53);
  sh("sysctl -qw net.bridge.bridge-nf-call-iptables=0");
  send_to(hers, Internet::kNeighbour, 53, "one way");
  EXPECT_FALSE(hears(theirs, "one way", kShort));
  send_to(theirs, "192.0.2.11", 53, "the other");
  EXPECT_FALSE(hears(hers, "the other", kShort));
  EXPECT_TRUE(stays_closed("alice", Internet::kNeighbour, 443));
  EXPECT_TRUE(stays_closed("lan", "192.0.2.11", 8080));
  sh("sysctl -qw net.bridge.bridge-nf-call-iptables=1");
}

// More than one desktop may have would be the host's, and everybody's on it.
TEST_F(Packets, ConnectionsOfADesktopAreLimited) {
  // An address without connections of other tests.
  sh("ip -n alice addr flush dev eth0; ip -n alice addr add 192.0.2.77/24 dev eth0; "
     "ip -n alice route add default via 192.0.2.1");
  const UniqueFd server = bound("server", SOCK_DGRAM, 443);
  alices(Entries{allow(Internet::kServer, Protocol::kUdp, 443)}, Entries{});
  unsigned heard = 0;
  for (unsigned i = 0; i < kMaxConnections + 100; ++i) {
    const UniqueFd from = bound("alice", SOCK_DGRAM, static_cast<std::uint16_t>(10'000 + i));
    send_to(from, Internet::kServer, 443, "question");
    heard += static_cast<unsigned>(count(server, "question", 0));
  }
  heard += static_cast<unsigned>(count(server, "question", kShort));
  EXPECT_EQ(heard, kMaxConnections);
}

TEST_F(Packets, LargeDatagramsInPieces) {
  const UniqueFd udp = bound("server", SOCK_DGRAM, 443);
  const UniqueFd asking = bound("alice", SOCK_DGRAM, 9090);
  alices(Entries{allow(Internet::kServer, Protocol::kUdp, 443)}, Entries{});
  send_to(asking, Internet::kServer, 443, std::string(6000, 'q'));
  ASSERT_TRUE(hears(udp, std::string(6000, 'q'), kLong));
  send_to(udp, "192.0.2.11", 9090, std::string(6000, 'a'));
  EXPECT_TRUE(hears(asking, std::string(6000, 'a'), kLong));
}

TEST_F(Packets, ManyRulesAndManyDesktops) {
  Entries many;
  for (unsigned i = 0; i < 1000; ++i) {
    many.push_back(allow(("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24").c_str(),
                         Protocol::kTcp, static_cast<std::uint16_t>(1000 + i)));
  }
  many.push_back(allow(Internet::kServer, Protocol::kTcp, 443));
  auto began = std::chrono::steady_clock::now();
  alices(many, Entries{});
  const auto took = [&began] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  };
  std::printf("1001 rules in %.0f ms\n", took());
  const UniqueFd server = bound("server", SOCK_STREAM, 443);
  EXPECT_TRUE(opens("alice", Internet::kServer, 443));
  Networks others;
  many.resize(100);
  for (int i = 0; i < 50; ++i) others.emplace(DesktopId::random(), policy::DesktopNetwork{many, Entries{}});
  for (const char* what : {"set", "replaced"}) {
    began = std::chrono::steady_clock::now();
    EXPECT_TRUE(filter_->set(others, around_, {}));
    std::printf("100 rules of each of 50 desktops %s in %.0f ms\n", what, took());
  }
  EXPECT_EQ(filter_->list()->size(), 51U);
  for (const auto& [id, network] : others) EXPECT_TRUE(filter_->remove(id));
}

// Whatever its root sends, as fast as it can: nobody gets it, on the bridge, behind the router or in the host itself.
TEST_F(Packets, HostileFramesReachNobody) {
  constexpr int kFrames = 50'000;
  std::string gateway_mac;
  std::ifstream("/sys/class/net/br-test/address") >> gateway_mac;
  HostileFrames::Around places{
      .own_mac = mac_bytes(guest_mac(net_->alice)),
      .macs = {mac_bytes(gateway_mac), mac_bytes(gateway_mac), mac_bytes(guest_mac(net_->bob)),
               mac_bytes("02:aa:aa:aa:aa:aa"), std::string(6, '\xff'), mac_bytes("01:00:5e:00:00:fb"),
               mac_bytes("33:33:00:00:00:01"), mac_bytes("01:80:c2:00:00:00")},
      .places = {Internet::kGateway, Internet::kNeighbour, Internet::kServer, "192.0.2.12", "192.0.2.255",
                 "255.255.255.255", "224.0.0.251", "10.9.9.1", "198.51.100.1"},
      .own_ip = "192.0.2.11"};
  std::vector<UniqueFd> everybody;
  for (const char* space : {"bob", "lan", "server"}) everybody.push_back(frames_in(space));
  for (const int protocol : {17, 6, 1, 2, 47}) everybody.push_back(delivered(protocol));
  const UniqueFd out = frames_in("alice");
  const auto through = [&] {
    HostileFrames frames(places, 1);
    int sent = 0;
    int seen = 0;
    for (int i = 0; i < kFrames; ++i) {
      const std::string frame = frames.next();
      sent += ::send(out.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()) ? 1 : 0;
      for (const UniqueFd& fd : everybody) seen += count(fd, HostileFrames::kMarker, 0);
    }
    for (const UniqueFd& fd : everybody) seen += count(fd, HostileFrames::kMarker, kShort);
    std::printf("%d of %d hostile frames sent, seen %d times\n", sent, kFrames, seen);
    return seen;
  };
  EXPECT_GT(through(), kFrames / 2) << "without Tobari";
  alices(Entries{allow("203.0.113.0/24", Protocol::kAny, 0)}, Entries{allow("203.0.113.0/24", Protocol::kAny, 0)});
  EXPECT_EQ(through(), 0);
  around_.closed.push_back(*IpNetwork::parse("198.51.100.0/24"));
  alices(std::nullopt, std::nullopt);
  EXPECT_EQ(through(), 0) << "not filtered, and everything around it closed";
}

}  // namespace
}  // namespace tobari::vmhost
