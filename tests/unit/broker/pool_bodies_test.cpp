// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/pool_bodies.h"

#include <gmock/gmock.h>

#include "control/events.h"

namespace tobari::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PoolBodies, ANewPoolHasWhatIsUsual) {
  const Pool pool = parse_new_pool(R"({"name":"office","kind":"floating","image":"debian","max":5})").value();
  EXPECT_EQ(pool.kind, PoolKind::kFloating);
  EXPECT_EQ(pool.machine, Machine::kVm);
  EXPECT_EQ(pool.vcpus, 2U);
  EXPECT_EQ(pool.memory_mib, 1024U);
  EXPECT_EQ(pool.heads, 4U);
  EXPECT_EQ(pool.spares, 0U);
  EXPECT_EQ(pool.keep, kDefaultKeep);
  EXPECT_TRUE(pool.open);
  EXPECT_TRUE(pool.id.empty());
  const Pool kept = parse_new_pool(R"({"name":"own","kind":"dedicated","image":"debian","max":5})").value();
  EXPECT_EQ(kept.keep.count(), 0);
  const Pool by_hand = parse_new_pool(R"({"name":"lab","kind":"manual","labels":["lab","east-2"]})").value();
  EXPECT_EQ(by_hand.max, control::kMaxPoolDesktops);
  EXPECT_THAT(by_hand.labels, ElementsAre("lab", "east-2"));
}

TEST(PoolBodies, WhatMakesNoPoolIsSaid) {
  for (const auto& [body, says] : std::vector<std::pair<std::string, std::string>>{
           {R"({"name":"a","image":"i","max":1})", "kind is missing"},
           {R"({"kind":"floating","image":"i","max":1})", "name is missing"},
           {R"({"name":"A","kind":"floating","image":"i","max":1})", "name must be"},
           {R"({"name":"a-","kind":"floating","image":"i","max":1})", "name must be"},
           {R"({"name":"a","kind":"shared","image":"i","max":1})", "kind"},
           {R"({"name":"a","kind":"floating","max":1})", "image is missing"},
           {R"({"name":"a","kind":"floating","image":"../i","max":1})", "image must be"},
           {R"({"name":"a","kind":"floating","image":"i"})", "max is missing"},
           {R"({"name":"a","kind":"floating","image":"i","max":0})", "max must be a whole number from 1"},
           {R"({"name":"a","kind":"floating","image":"i","max":100001})", "to 100000"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"min":3})", "min must not be more"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"spares":3})", "spares are 3"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"heads":17})", "heads"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"memory_mib":64})", "memory_mib"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"labels":["a b"]})", "a label must be"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"labels":"x"})", "labels must be a list"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"open":1})", "true or false"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"keep_seconds":2592001})", "keep_seconds"},
           {R"({"name":"a","kind":"dedicated","image":"i","max":2,"keep_seconds":1})", "of floating pools"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"machine":"lxc"})", "machine"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"machine":1})", "machine"},
           {R"({"name":"a","kind":"manual","machine":"vm"})", "machine is of pools that make desktops"},
           {R"({"name":"a","kind":"manual","image":"i"})", "image is of pools that make desktops"},
           {R"({"name":"a","kind":"manual","spares":1})", "spares is of pools that make desktops"},
           {R"({"name":"a","kind":"floating","image":"i","max":2,"size":1})", "unknown member size"}}) {
    const auto parsed = parse_new_pool(body);
    ASSERT_FALSE(parsed.has_value()) << body;
    EXPECT_THAT(parsed.error().message, HasSubstr(says)) << body;
  }
}

TEST(PoolBodies, AChangeLeavesWhatItDoesNotName) {
  const Pool before =
      parse_new_pool(R"({"name":"office","kind":"floating","image":"debian","max":5,"labels":["east"]})").value();
  const Pool after = changed(before, parse_pool_change(R"({"spares":2,"open":false})").value()).value();
  EXPECT_EQ(after.spares, 2U);
  EXPECT_FALSE(after.open);
  EXPECT_EQ(after.image, "debian");
  EXPECT_THAT(after.labels, ElementsAre("east"));
  const Pool bare = changed(before, parse_pool_change(R"({"labels":[]})").value()).value();
  EXPECT_TRUE(bare.labels.empty());
  EXPECT_FALSE(changed(before, parse_pool_change(R"({"max":1,"min":2})").value()).has_value());
  EXPECT_THAT(parse_pool_change(R"({"kind":"manual"})").error().message, HasSubstr("unknown member kind"));
}

TEST(PoolBodies, APoolOfContainersMayBecomeOneOfMachines) {
  const Pool before =
      parse_new_pool(R"({"name":"office","kind":"floating","image":"small","machine":"container","max":5})").value();
  EXPECT_EQ(before.machine, Machine::kContainer);
  EXPECT_EQ(changed(before, parse_pool_change(R"({"max":6})").value()).value().machine, Machine::kContainer);
  const auto change = parse_pool_change(R"({"machine":"vm","image":"debian"})").value();
  EXPECT_EQ(changed(before, change).value().machine, Machine::kVm);
  const auto disk = parse_pool_change(R"({"plan":{"disk":{"size_gib":1}}})").value();
  EXPECT_THAT(changed(before, disk).error().message, HasSubstr("containers get none"));
}

TEST(PoolBodies, QueriesHaveTheirKeysOnceAndNoOthers) {
  const DesktopsQuery query = parse_desktops_query("client=tobari-client/0.1.0&after=pc-1").value();
  EXPECT_EQ(query.after, "pc-1");
  EXPECT_EQ(query.client, "tobari-client/0.1.0");
  EXPECT_TRUE(parse_desktops_query("").value().after.empty());
  for (const char* bad : {"after", "after=", "=x", "after=a&after=b", "before=a", "after=a&", "client=a%20b",
                          "after=A b", "after=../x", "client=a=b"}) {
    EXPECT_FALSE(parse_desktops_query(bad).has_value()) << bad;
  }
  EXPECT_EQ(parse_placement_query("pool=office&user=alice").value().user, "alice");
  for (const char* bad : {"", "user=alice", "pool=", "pool=Office", "pool=a&user=A"}) {
    EXPECT_FALSE(parse_placement_query(bad).has_value()) << bad;
  }
}

TEST(PoolBodies, OthersOfPoolsAndHosts) {
  EXPECT_EQ(parse_put_in_pool("").value(), "");
  EXPECT_EQ(parse_put_in_pool(R"({"user":"bob"})").value(), "bob");
  EXPECT_FALSE(parse_put_in_pool(R"({"user":"BOB"})").has_value());
  EXPECT_EQ(parse_mode_of_host(R"({"mode":"draining"})").value().mode, HostMode::kDraining);
  EXPECT_FALSE(parse_mode_of_host(R"({"mode":"gone"})").has_value());
  EXPECT_FALSE(parse_mode_of_host("{}").has_value());
}

}  // namespace
}  // namespace tobari::broker
