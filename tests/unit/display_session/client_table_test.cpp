// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/client_table.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

TEST(ClientTable, VersionsAndFlagsMeanWhatTheSpecificationSays) {
  EXPECT_FALSE(codecs_of(0x80004, 0)->avc420);
  EXPECT_TRUE(codecs_of(0x80004, 0)->progressive);
  EXPECT_FALSE(codecs_of(0x80004, 0x01)->progressive) << "a thin client";
  EXPECT_TRUE(codecs_of(0x80105, 0x10)->avc420);
  EXPECT_FALSE(codecs_of(0x80105, 0x11)->progressive);
  EXPECT_FALSE(codecs_of(0x80105, 0x02)->avc420);
  for (const std::uint32_t version : {0xA0002U, 0xA0200U, 0xA0301U, 0xA0701U}) {
    EXPECT_TRUE(codecs_of(version, 0x02)->avc420) << version;
    EXPECT_FALSE(codecs_of(version, 0x22)->avc420) << version;
    EXPECT_TRUE(codecs_of(version, 0x22)->progressive) << version;
  }
  EXPECT_TRUE(codecs_of(0xA0100, 0x22)->avc420) << "reserved, no flags";
  EXPECT_FALSE(codecs_of(0xA0800, 0).has_value());
  EXPECT_FALSE(codecs_of(0, 0).has_value());
}

TEST(ClientTable, KnownClientsAreBelievedLess) {
  const ClientCodecs claimed = *codecs_of(0xA0701, 0);
  EXPECT_TRUE(believed(claimed, {.name = "PC-17", .build = 22631, .os_major = 1}).avc420);
  EXPECT_TRUE(believed(claimed, {}).avc420);
  EXPECT_FALSE(believed(claimed, {.name = "IronRDP-web"}).avc420);
  EXPECT_TRUE(believed(claimed, {.name = "IronRDP-web"}).clear);
  EXPECT_FALSE(believed({.clear = false, .planar = false}, {.name = "PC-17"}).avc420) << "nobody gets what it has not";
}

TEST(ClientTable, OnlyClientsOfFreeRdpGetLongPdus) {
  EXPECT_TRUE(takes_long_pdus({.name = "PC-17", .build = 18363, .os_major = 4}));
  EXPECT_TRUE(takes_long_pdus({.name = "PC-17", .build = 18363})) << "Remmina and others say nothing of their system";
  EXPECT_FALSE(takes_long_pdus({.name = "PC-17", .build = 18363, .os_major = 1})) << "mstsc of that Windows";
  EXPECT_FALSE(takes_long_pdus({.name = "PC-17", .build = 22631, .os_major = 4}));
  EXPECT_FALSE(takes_long_pdus({}));
}

}  // namespace
}  // namespace tobari::display
