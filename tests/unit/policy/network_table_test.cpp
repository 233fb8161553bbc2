// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/network_table.h>

#include <random>
#include <set>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

IpNetwork network_of(std::string_view text) { return IpNetwork::parse(text).value(); }
IpAddress address_of(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(NetworkTable, EqualNetworksHaveOneNumber) {
  NetworkTable table;
  EXPECT_EQ(table.number_of(network_of("10.0.0.0/8")), 0U);
  EXPECT_EQ(table.number_of(network_of("10.0.0.0/9")), 1U);
  EXPECT_EQ(table.number_of(network_of("::ffff:10.0.0.0/104")), 0U) << "the same one, written otherwise";
  EXPECT_EQ(table.size(), 2U);
}

TEST(NetworkTable, TheWidestComesFirst) {
  NetworkTable table;
  for (const char* text : {"10.1.2.3", "10.1.0.0/16", "0.0.0.0/0", "10.2.0.0/16", "::/0"}) {
    table.number_of(network_of(text));
  }
  EXPECT_THAT(table.holding(address_of("10.1.2.3")), ElementsAre(4, 2, 1, 0));
  EXPECT_THAT(table.holding(address_of("10.1.2.4")), ElementsAre(4, 2, 1));
  EXPECT_THAT(table.holding(address_of("2001:db8::1")), ElementsAre(4));
}

TEST(NetworkTable, NothingHoldsAnythingInAnEmptyOne) {
  EXPECT_THAT(NetworkTable().holding(address_of("10.1.2.3")), IsEmpty());
}

// IpNetwork::contains() is the reference; few distinct bits, so that networks lie in each other.
TEST(NetworkTable, HoldsWhatEachOfItsNetworksContains) {
  std::mt19937 random(11);
  const auto address = [&random] {
    IpAddress made = address_of("10.0.0.0");
    for (std::size_t byte = 13; byte < 16; ++byte) made.bytes[byte] = static_cast<std::uint8_t>(random() % 2 * 0x80);
    return made;
  };
  std::size_t held = 0;
  for (int round = 0; round < 200; ++round) {
    NetworkTable table;
    std::vector<IpNetwork> networks;
    for (int i = 0; i < 40; ++i) {
      const auto bits = static_cast<std::uint8_t>(random() % 129);
      const IpNetwork made{.address = address().first(bits), .prefix_bits = bits};
      if (table.number_of(made) == networks.size()) networks.push_back(made);
    }
    ASSERT_EQ(table.size(), networks.size());
    const IpAddress asked = address();
    std::set<NetworkTable::Number> expected;
    for (std::size_t i = 0; i < networks.size(); ++i) {
      if (networks[i].contains(asked)) expected.insert(static_cast<NetworkTable::Number>(i));
    }
    const auto found = table.holding(asked);
    ASSERT_EQ(std::set(found.begin(), found.end()), expected);
    ASSERT_EQ(found.size(), expected.size());
    held += found.size();
  }
  EXPECT_GT(held, 1'000U) << "the test tests something";
}

}  // namespace
}  // namespace tobari::policy
