// SPDX-License-Identifier: GPL-3.0-or-later
// What the text says. What the kernel makes of it: tests/integration/network.
#include "core/network_filter.h"

#include <gmock/gmock.h>

#include <tobari/vmhost/domain_xml.h>

#include "core/filter_match.h"

namespace tobari::vmhost {
namespace {

using policy::Effect;
using policy::IpAddress;
using policy::IpNetwork;
using policy::NetworkEntry;
using policy::Protocol;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

const DesktopId kId = *DesktopId::parse("11111111-2222-4333-8444-555555555555");
const Surroundings kAround{.bridge = "virbr7",
                           .servers = {*IpAddress::parse("192.0.2.1")},
                           .closed = {*IpNetwork::parse("192.0.2.0/24"), *IpNetwork::parse("10.1.0.0/16")}};

NetworkEntry entry(Effect effect, std::vector<const char*> networks, std::vector<std::string> names = {}) {
  NetworkEntry out{.rule = "r", .effect = effect, .traffic = {}};
  for (const char* text : networks) out.traffic.networks.push_back(*IpNetwork::parse(text));
  out.traffic.domains = std::move(names);
  return out;
}
std::optional<std::string> match(const NetworkEntry& e, const Addresses& addresses = {}) {
  return match_of(e, kDestination, addresses);
}
std::string text(policy::DesktopNetwork network) { return desktop_rules(kId, network, kAround, {}).value(); }
// The rules of one of the desktop's chains.
std::string chain(const std::string& all, const std::string& kind) {
  std::string out;
  const std::string begin = "add rule bridge tobari " + kind + "-" + kId.str() + " ";
  for (std::size_t at = all.find(begin); at != std::string::npos; at = all.find(begin, at + 1)) {
    out += all.substr(at + begin.size(), all.find('\n', at) - at - begin.size()) + "\n";
  }
  return out;
}

TEST(FilterMatch, EveryPacket) { EXPECT_THAT(match(entry(Effect::kAllow, {})), Optional(std::string())); }

TEST(FilterMatch, NetworksApartAndPortsMerged) {
  NetworkEntry e = entry(Effect::kAllow, {"10.2.0.0/16", "10.0.0.0/8", "198.51.100.7", "10.0.0.0/24"});
  e.traffic.protocol = Protocol::kTcp;
  e.traffic.ports = {{8000, 8100}, {443, 443}, {8050, 8200}, {8201, 8201}};
  EXPECT_EQ(match(e), "ip daddr { 10.0.0.0/8, 198.51.100.7 } tcp dport { 443, 8000-8201 }");
  EXPECT_EQ(match_of(e, kSourceOfAnswer, {}), "ip saddr { 10.0.0.0/8, 198.51.100.7 } tcp sport { 443, 8000-8201 }");
  EXPECT_EQ(match_of(e, kSource, {}), "ip saddr { 10.0.0.0/8, 198.51.100.7 } tcp dport { 443, 8000-8201 }");
}

TEST(FilterMatch, ProtocolsWithoutPorts) {
  NetworkEntry e = entry(Effect::kAllow, {});
  e.traffic.protocol = Protocol::kIcmp;
  EXPECT_EQ(match(e), "ip protocol icmp");
  e.traffic.protocol = Protocol::kUdp;
  EXPECT_EQ(match(e), "ip protocol udp");
}

// A rule about places that are not known must not become one about everywhere.
TEST(FilterMatch, NamesWithoutAddressesAreNowhere) {
  EXPECT_EQ(match(entry(Effect::kAllow, {}, {"www.example.com"})), std::nullopt);
  EXPECT_EQ(match(entry(Effect::kDeny, {}, {"www.example.com"})), std::nullopt);
  EXPECT_EQ(match(entry(Effect::kAllow, {}, {"www.example.com"}), {{"www.example.com", {}}}), std::nullopt);
  EXPECT_EQ(match(entry(Effect::kAllow, {"10.0.0.0/8"}, {"www.example.com"})), "ip daddr { 10.0.0.0/8 }");
  EXPECT_EQ(match(entry(Effect::kAllow, {}, {"www.example.com"}),
                  {{"www.example.com", {*IpAddress::parse("203.0.113.9")}}, {"other", {*IpAddress::parse("1.2.3.4")}}}),
            "ip daddr { 203.0.113.9 }");
}

TEST(FilterMatch, Ipv6IsNowhere) {
  EXPECT_EQ(match(entry(Effect::kAllow, {"2001:db8::/32"})), std::nullopt);
  EXPECT_EQ(match(entry(Effect::kDeny, {"2001:db8::/32"})), std::nullopt);
  EXPECT_EQ(match(entry(Effect::kAllow, {"::/0"})), std::nullopt);
  EXPECT_THAT(match(entry(Effect::kDeny, {"::/0"})), Optional(std::string())) << "it holds every IPv4 address too";
  EXPECT_THAT(match(entry(Effect::kAllow, {"0.0.0.0/0"})), Optional(std::string()));
}

TEST(NetworkFilter, DenialsFirstThenDnsThenWhatIsClosedThenPermissions) {
  const std::string egress =
      chain(text({.egress = std::vector{entry(Effect::kAllow, {"10.0.0.0/8"}), entry(Effect::kDeny, {"10.9.0.0/16"})},
                  .ingress = {}}),
            "egress");
  EXPECT_THAT(egress, ::testing::MatchesRegex("ip daddr . 10.9.0.0/16 . return\n"
                                              "ip daddr . 192.0.2.1 . [^\n]* th dport 53 [^\n]* return\n"
                                              "ip daddr . [^\n]*10.1.0.0/16, [^\n]*192.0.2.0/24, [^\n]* . return\n"
                                              "ip daddr . 10.0.0.0/8 . meta mark set [^\n]* return\n"));
}

TEST(NetworkFilter, WithoutADirectionItIsOpenButForWhatIsClosed) {
  const std::string all = text({});
  for (const char* kind : {"egress", "answers", "replies", "ingress"}) {
    EXPECT_THAT(chain(all, kind), HasSubstr("10.1.0.0/16")) << kind;
  }
  EXPECT_THAT(chain(all, "ingress"), ::testing::EndsWith("return\naccept\n"));
}

TEST(NetworkFilter, WhoMayConnectNowhereAsksNoNames) {
  EXPECT_THAT(chain(text(closed_network()), "egress"), Not(HasSubstr("53")));
  const auto denied = std::vector{entry(Effect::kDeny, {"10.0.0.0/8"})};
  EXPECT_THAT(chain(text({.egress = denied, .ingress = {}}), "egress"), Not(HasSubstr("53")));
  EXPECT_THAT(chain(text({}), "egress"), HasSubstr("th dport 53"));
}

TEST(NetworkFilter, ADesktopIsKnownByItsTapAndItsMac) {
  EXPECT_THAT(text({}), AllOf(HasSubstr("from { \"tb-111111112222\" : goto from-" + kId.str()),
                              HasSubstr("ether saddr != 02:11:11:11:11:22 counter drop"),
                              HasSubstr("udp dport 67 @th,288,48 0x021111111122 meta mark set")));
  EXPECT_EQ(tap_name(DesktopId::random()).size(), 15U);
  EXPECT_EQ(desktop_of_chain(chain_of(kId)), kId);
  EXPECT_TRUE(desktop_of_chain("from-nobody").empty());
  EXPECT_TRUE(desktop_of_chain("to-" + kId.str()).empty());
}

TEST(NetworkFilter, TooMuchIsRefusedWithItsNumber) {
  policy::DesktopNetwork network = closed_network();
  for (unsigned i = 0; i < kMaxFilterItems / 2; ++i) network.egress->push_back(entry(Effect::kAllow, {"10.0.0.0/8"}));
  EXPECT_TRUE(desktop_rules(kId, network, kAround, {}));
  network.ingress->push_back(entry(Effect::kAllow, {}));
  const auto refused = desktop_rules(kId, network, kAround, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("name 8193 places and ports; at most 8192"));
}

}  // namespace
}  // namespace tobari::vmhost
