// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/template_orders.h"

#include <array>
#include <format>

#include <gmock/gmock.h>

#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Pool pool_of_kind(PoolKind kind, const std::string& image, std::uint32_t memory_mib = 1024) {
  Pool pool;
  pool.id = PoolId::random();
  pool.kind = kind;
  pool.image = image;
  pool.vcpus = 2;
  pool.memory_mib = memory_mib;
  return pool;
}

Desktop desktop_in(const Pool& pool) {
  Desktop desktop;
  desktop.id = DesktopId::random();
  desktop.pool = pool.id;
  desktop.pool_kind = pool.kind;
  desktop.image = pool.image;
  desktop.vcpus = pool.vcpus;
  desktop.memory_mib = pool.memory_mib;
  desktop.heads = pool.heads;
  desktop.power = Power::kOn;
  return desktop;
}

TEST(TemplateOrders, EachKindOnceAndOnlyOfPoolsThatMakeDesktops) {
  std::vector<Pool> pools{pool_of_kind(PoolKind::kFloating, "debian"), pool_of_kind(PoolKind::kDedicated, "debian"),
                          pool_of_kind(PoolKind::kManual, "other"), pool_of_kind(PoolKind::kFloating, "debian", 2048)};
  EXPECT_THAT(kinds_made(pools), SizeIs(2));
  pools[3].closing = true;
  EXPECT_THAT(kinds_made(pools), SizeIs(1));
  EXPECT_THAT(kinds_made({}), IsEmpty());
}

TEST(TemplateOrders, AreNotMoreThanAHostTakes) {
  std::vector<Pool> pools;
  for (std::uint32_t i = 0; i < 100; ++i) {
    pools.push_back(pool_of_kind(PoolKind::kFloating, std::format("image-{}", i)));
  }
  EXPECT_THAT(kinds_made(pools), SizeIs(kMaxTemplates));
}

TEST(TemplateOrders, NamesAreOfTheKindAlone) {
  const MachineKind kind{"debian", 2, 1024, 4};
  EXPECT_EQ(template_id(kind), template_id(kind));
  EXPECT_LE(template_id(kind).size(), 64U);
  for (const MachineKind& other : {MachineKind{"debiam", 2, 1024, 4}, MachineKind{"debian", 21, 24, 4},
                                   MachineKind{"debian", 2, 1024, 1}, MachineKind{"debian", 2, 10244, 0}}) {
    EXPECT_NE(template_id(other), template_id(kind));
  }
}

TEST(TemplateOrders, DesktopsOfAKindThatIsOrderedAreCopies) {
  const Pool pool = pool_of_kind(PoolKind::kFloating, "debian");
  std::vector<Desktop> desktops(5, desktop_in(pool));
  desktops[1].memory_mib = 4096;  // of before the pool was changed
  desktops[2].pool = {};          // of no pool
  desktops[3].power = Power::kDeleted;
  desktops[4].power = Power::kOff;
  auto state = desired_state(desktops, 1);
  const std::array<std::string, 2> images{"debian", "alpine"};
  add_templates(state, desktops, kinds_made({&pool, 1}), images);
  ASSERT_EQ(state.templates_size(), 1);
  EXPECT_EQ(state.templates(0).image(), "debian");
  EXPECT_EQ(state.templates(0).vcpus(), 2U);
  EXPECT_EQ(state.templates(0).heads(), 4U);
  EXPECT_EQ(state.desktops(0).template_id(), state.templates(0).id());
  for (const int other : {1, 2, 3}) EXPECT_EQ(state.desktops(other).template_id(), "");
  EXPECT_EQ(state.desktops(4).template_id(), state.templates(0).id()) << "it may be started";
}

TEST(TemplateOrders, WithoutTheImageThereIsNone) {
  const Pool pool = pool_of_kind(PoolKind::kFloating, "debian");
  const std::vector<Desktop> desktops{desktop_in(pool)};
  auto state = desired_state(desktops, 1);
  add_templates(state, desktops, kinds_made({&pool, 1}), {});
  EXPECT_EQ(state.templates_size(), 0);
  EXPECT_EQ(state.desktops(0).template_id(), "");
}

TEST(LeasedDesktops, AreThoseThatMayBeGivenAnewElsewhere) {
  const Pool floating = pool_of_kind(PoolKind::kFloating, "debian");
  const Pool dedicated = pool_of_kind(PoolKind::kDedicated, "debian");
  std::vector<Desktop> desktops{desktop_in(floating),  desktop_in(dedicated), desktop_in(dedicated),
                                desktop_in(dedicated), desktop_in(dedicated), desktop_in(dedicated)};
  desktops[5].power = Power::kDeleted;
  auto state = desired_state(desktops, 1);
  const auto give = [&state](int desktop, wire::UserDisk::Kind kind, const char* storage) {
    wire::UserDisk& disk = *state.mutable_desktops(desktop)->add_user_disks();
    disk.set_kind(kind);
    disk.set_storage(storage);
  };
  give(2, wire::UserDisk::DISK, "nas");
  give(3, wire::UserDisk::DISK, "");  // on this host: nobody else reaches it
  give(4, wire::UserDisk::FOLDER, "nas");
  mark_leased(state, desktops);
  EXPECT_TRUE(state.desktops(0).leased());
  EXPECT_FALSE(state.desktops(1).leased());
  EXPECT_TRUE(state.desktops(2).leased());
  EXPECT_FALSE(state.desktops(3).leased());
  EXPECT_FALSE(state.desktops(4).leased());
  EXPECT_TRUE(state.desktops(5).leased()) << "it, or its disk, may be somebody else's by now";
}

}  // namespace
}  // namespace tobari::broker
