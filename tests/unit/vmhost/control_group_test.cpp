// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/control_group.h"

#include <string>

#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

TEST(ControlGroup, OfVersionTwoIsTheOneWithoutNames) {
  const auto place = group_of("0::/machine.slice/machine-lxc\\x2d1.scope/libvirt\n", "memory");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->path, "/machine.slice/machine-lxc\\x2d1.scope/libvirt");
  EXPECT_TRUE(place->unified);
}

// Both versions at once: what version 1 limits is limited there.
TEST(ControlGroup, OfVersionOneGoesFirst) {
  const std::string text =
      "12:cpu,cpuacct:/machine/lxc-7-tobari-x.libvirt-lxc\n"
      "5:memory:/machine/lxc-7-tobari-x.libvirt-lxc\n"
      "1:name=systemd:/\n"
      "0::/user.slice\n";
  const auto place = group_of(text, "memory");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->path, "/machine/lxc-7-tobari-x.libvirt-lxc");
  EXPECT_FALSE(place->unified);
  EXPECT_TRUE(group_of(text, "cpuacct"));
  EXPECT_EQ(group_of(text, "cpuacct")->path, "/machine/lxc-7-tobari-x.libvirt-lxc");
  EXPECT_TRUE(group_of(text, "freezer")->unified);
  EXPECT_EQ(group_of(text, "freezer")->path, "/user.slice");
}

TEST(ControlGroup, WhatIsNoneIsNone) {
  for (const char* text : {"", "\n", "5:memory\n", "5:memory:\n", "memory:/x\n", "1:name=systemd:/\n", "0:memo:/x"}) {
    EXPECT_FALSE(group_of(text, "memory")) << text;
  }
}

TEST(ControlGroup, CacheOfFilesIsNobodysMemory) {
  const std::string unified =
      "anon 1000\nfile 900000\nkernel 5000\nkernel_stack 10\npagetables 20\nsec_pagetables 3\nsock 4\nshmem 200\n"
      "file_mapped 77\nslab_reclaimable 600\nslab_unreclaimable 50\nslab 650\n";
  EXPECT_EQ(unshared_bytes(unified, true), 1000U + 10 + 20 + 3 + 4 + 200 + 50);
  const std::string first =
      "cache 500\nrss 30\nshmem 1\nmapped_file 9\ntotal_cache 9000\ntotal_rss 4000\ntotal_shmem 300\n";
  EXPECT_EQ(unshared_bytes(first, false), 4300U);
  EXPECT_EQ(unshared_bytes("", true), 0U);
  EXPECT_EQ(unshared_bytes("anon\nanon x\nanon 7", true), 7U);
}

}  // namespace
}  // namespace tobari::vmhost
