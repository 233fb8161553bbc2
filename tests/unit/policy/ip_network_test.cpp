// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/ip_network.h>

#include <random>
#include <string>

#include <arpa/inet.h>
#include <gmock/gmock.h>

namespace tobari::policy {
namespace {

bool in(const char* address, const char* network) {
  const auto a = IpAddress::parse(address);
  const auto n = IpNetwork::parse(network);
  EXPECT_TRUE(a.has_value()) << address;
  EXPECT_TRUE(n.has_value()) << network;
  return a && n && n->contains(*a);
}

TEST(IpNetwork, ContainsWhatSharesItsPrefix) {
  EXPECT_TRUE(in("10.1.2.3", "10.0.0.0/8"));
  EXPECT_FALSE(in("11.0.0.0", "10.0.0.0/8"));
  EXPECT_TRUE(in("192.0.2.129", "192.0.2.128/25"));
  EXPECT_FALSE(in("192.0.2.127", "192.0.2.128/25"));
  EXPECT_TRUE(in("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(in("192.0.2.2", "192.0.2.1"));
  EXPECT_TRUE(in("2001:db8:ffff::1", "2001:db8::/32"));
  EXPECT_FALSE(in("2001:db9::1", "2001:db8::/32"));
  EXPECT_TRUE(in("203.0.113.9", "0.0.0.0/0"));
  EXPECT_FALSE(in("2001:db8::1", "0.0.0.0/0")) << "IPv6 is not IPv4";
  EXPECT_TRUE(in("2001:db8::1", "::/0"));
}

TEST(IpNetwork, AMappedAddressIsItsIpv4Address) {
  EXPECT_EQ(IpAddress::parse("::ffff:10.1.2.3"), IpAddress::parse("10.1.2.3"));
  EXPECT_TRUE(in("::ffff:10.1.2.3", "10.0.0.0/8"));
}

TEST(IpNetwork, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8", "10.0.0.0.0/8", "2001:db8::/129",
        "2001::db8::/32", "::1/zz", "host/8", "10.0.0.0/8/8", " 10.0.0.0/8", "1.2.3.4::/64", "1.2.3.4::1"}) {
    EXPECT_EQ(IpNetwork::parse(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(IpNetwork::parse("10.1.2.3/8"), std::nullopt) << "bits behind the prefix";
  EXPECT_EQ(IpNetwork::parse("2001:db8::1/32"), std::nullopt) << "bits behind the prefix";
}

// inet_pton(3) is the reference; texts are mutations of good ones, so that about half of them are addresses.
TEST(IpAddress, ReadsWhatTheSystemReads) {
  const std::string alphabet = "0123456789abcdefABCDEF:.:.::f1";
  const std::string seeds[] = {
      "1.2.3.4",        "255.255.255.255",     "::",       "::1", "1::", "1:2:3:4:5:6:7:8", "1:2::7:8",
      "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "fe80::1:2"};
  std::mt19937 random(7);
  int good = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = seeds[random() % std::size(seeds)];
    for (std::size_t edits = random() % 3; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    IpAddress expected;
    bool is_address = inet_pton(AF_INET6, text.c_str(), expected.bytes.data()) == 1;
    if (!is_address) {
      expected = {};
      expected.bytes[10] = expected.bytes[11] = 0xff;
      is_address = inet_pton(AF_INET, text.c_str(), expected.bytes.data() + 12) == 1;
    }
    const auto got = IpAddress::parse(text);
    ASSERT_EQ(got.has_value(), is_address) << text;
    ASSERT_TRUE(!is_address || *got == expected) << text;
    good += is_address ? 1 : 0;
  }
  EXPECT_GT(good, 50'000) << "the test tests something";
}

}  // namespace
}  // namespace tobari::policy
