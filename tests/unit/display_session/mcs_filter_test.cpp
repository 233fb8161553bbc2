// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/mcs_filter.h"

#include <array>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "wire_bytes.h"

namespace tobari::display {
namespace {

using testing::append;
using testing::bytes;
using testing::Bytes;
using testing::holds;

constexpr std::array<std::string_view, 1> kPicture{"drdynvc"};
constexpr std::array<std::string_view, 2> kPictureAndClipboard{"drdynvc", "cliprdr"};

Bytes channel(std::string name) {
  name.resize(8);
  Bytes out;
  for (const char c : name) out.push_back(static_cast<std::byte>(c));
  append(out, bytes({0, 0, 0, 0x80}));
  return out;
}

// As FreeRDP, mstsc and rdesktop lay it out.
Bytes connect_initial(const std::vector<std::string>& channels, unsigned count_said) {
  Bytes net = bytes({static_cast<int>(count_said), 0, 0, 0});
  for (const std::string& name : channels) append(net, channel(name));
  const int net_length = static_cast<int>(net.size()) + 4;
  Bytes blocks = bytes({0x04, 0xC0, 8, 0, 1, 2, 3, 4, 0x03, 0xC0, net_length & 0xFF, net_length >> 8});
  append(blocks, net);
  const int length = static_cast<int>(blocks.size());
  Bytes gcc = bytes({0,
                     5,
                     0,
                     0x14,
                     0x7C,
                     0,
                     1,
                     0x81,
                     0x2A,
                     0,
                     8,
                     0,
                     0x10,
                     0,
                     1,
                     0xC0,
                     0,
                     'D',
                     'u',
                     'c',
                     'a',
                     0x80 | length >> 8,
                     length & 0xFF});
  append(gcc, blocks);
  Bytes body = bytes({4, 1, 1, 4, 1, 1, 1, 1, 0xFF});
  for (int i = 0; i < 3; ++i) append(body, bytes({0x30, 3, 2, 1, 0x22}));
  const int user = static_cast<int>(gcc.size());
  append(body, bytes({4, 0x82, user >> 8, user & 0xFF}));
  append(body, gcc);
  const int ci = static_cast<int>(body.size());
  Bytes packet = bytes({3, 0, 0, 0, 2, 0xF0, 0x80, 0x7F, 0x65, 0x82, ci >> 8, ci & 0xFF});
  append(packet, body);
  packet[2] = static_cast<std::byte>(packet.size() >> 8);
  packet[3] = static_cast<std::byte>(packet.size() & 0xFF);
  return packet;
}

TEST(McsFilter, OnlyDrdynvcKeepsItsName) {
  Bytes packet = connect_initial({"rdpdr", "cliprdr", "drdynvc", "rdpsnd"}, 4);
  const std::size_t size = packet.size();
  const auto names = deny_static_channels(packet, kPicture);
  ASSERT_TRUE(names) << describe(names.error());
  EXPECT_EQ(*names, (std::vector<std::string>{"rdpdr", "cliprdr", "drdynvc", "rdpsnd"}));
  EXPECT_EQ(packet.size(), size);
  EXPECT_TRUE(holds(packet, "drdynvc"));
  for (const char* gone : {"rdpdr", "cliprdr", "rdpsnd"}) EXPECT_FALSE(holds(packet, gone)) << gone;
  const auto again = deny_static_channels(packet, kPicture);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)[0], "deny00");
}

// FreeRDP refuses a client that names a channel twice, also when the second name is ours.
TEST(McsFilter, NoTwoNamesBecomeTheSame) {
  Bytes packet = connect_initial(std::vector<std::string>(kMaxStaticChannels, "same"), kMaxStaticChannels);
  ASSERT_TRUE(deny_static_channels(packet, kPicture));
  const auto names = deny_static_channels(packet, kPicture);
  ASSERT_TRUE(names);
  EXPECT_EQ(std::set<std::string>(names->begin(), names->end()).size(), kMaxStaticChannels);
}

TEST(McsFilter, OneDrdynvcIsEnough) {
  Bytes packet = connect_initial({"DRDYNVC", "drdynvc", "cliprdr\x01"}, 3);
  const auto names = deny_static_channels(packet, kPicture);
  ASSERT_TRUE(names);
  EXPECT_EQ((*names)[2], "cliprdr?");
  EXPECT_TRUE(holds(packet, "DRDYNVC"));
  EXPECT_FALSE(holds(packet, "drdynvc"));
}

TEST(McsFilter, WhatWasGrantedKeepsItsNameOnce) {
  Bytes packet = connect_initial({"rdpdr", "cliprdr", "drdynvc", "CLIPRDR"}, 4);
  ASSERT_TRUE(deny_static_channels(packet, kPictureAndClipboard));
  EXPECT_TRUE(holds(packet, "drdynvc"));
  EXPECT_TRUE(holds(packet, "cliprdr"));
  EXPECT_FALSE(holds(packet, "rdpdr"));
  EXPECT_FALSE(holds(packet, "CLIPRDR"));
}

TEST(McsFilter, RefusesMoreChannelsThanThereAreBytes) {
  Bytes packet = connect_initial({"rdpdr"}, 2);
  EXPECT_FALSE(deny_static_channels(packet, kPicture));
  packet = connect_initial({"rdpdr"}, 200);
  EXPECT_FALSE(deny_static_channels(packet, kPicture));
}

TEST(McsFilter, NoPrefixAndNoGarbageCrashesIt) {
  const Bytes good = connect_initial({"rdpdr", "cliprdr", "drdynvc"}, 3);
  for (std::size_t n = 0; n < good.size(); ++n) {
    Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n));
    const auto names = deny_static_channels(cut, kPicture);  // a cut between two blocks is well-formed
    EXPECT_TRUE(!names || names->empty()) << n;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    Bytes mutated = good;
    for (int k = 0; k < 3; ++k) mutated[random() % mutated.size()] = static_cast<std::byte>(random());
    static_cast<void>(deny_static_channels(mutated, kPicture));
  }
}

TEST(McsFilter, RepairsRdesktopsErectDomain) {
  Bytes packet = bytes({3, 0, 0, 0xC, 2, 0xF0, 0x80, 4, 0, 1, 0, 1});
  repair_erect_domain(packet);
  EXPECT_EQ(packet, bytes({3, 0, 0, 0xC, 2, 0xF0, 0x80, 4, 1, 0, 1, 0}));
  const Bytes right = packet;
  repair_erect_domain(packet);
  EXPECT_EQ(packet, right);
}

}  // namespace
}  // namespace tobari::display
