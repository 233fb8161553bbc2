// SPDX-License-Identifier: GPL-3.0-or-later
// Storage as configured, as libvirt is told it (golden: tests/data/vmhost/storage-*.xml, UPDATE_GOLDEN=1), and room.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "core/disk_room.h"
#include "core/qemu_img.h"
#include "core/storage_pool.h"

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;

void expect_storage_golden(const std::string& name, const std::string& xml, const std::string& kind) {
  const std::string path = std::string(TOBARI_TEST_DATA) + "/vmhost/storage-" + name + ".xml";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << xml;
  std::stringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(golden.str(), xml) << path;
  const std::string command = "virt-xml-validate " + path + " " + kind + " >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

StorageSpec spec_of(const std::string& text) {
  const auto spec = parse_storage(text);
  EXPECT_TRUE(spec) << text << ": " << spec.error().message;
  return spec.value_or(StorageSpec{});
}

constexpr const char* kRbd =
    "rbd tobari mon=192.0.2.1:6789,ceph-2.example.org user=tobari secret=6f9619ff-8b86-4d01-b42d-00c04fc964ff";

TEST(Storage, PoolsAreAsLibvirtWantsThem) {
  expect_storage_golden("dir", storage_pool_xml("disks", spec_of("dir /srv/tobari/disks")), "storagepool");
  expect_storage_golden("nfs", storage_pool_xml("images", spec_of("nfs nas.example.org:/export/tobari"), "/srv/images"),
                        "storagepool");
  expect_storage_golden("lvm", storage_pool_xml("disks", spec_of("lvm vg_tobari")), "storagepool");
  expect_storage_golden("rbd", storage_pool_xml("disks", spec_of(kRbd)), "storagepool");
}

TEST(Storage, VolumesAreThinWhereTheyCanBe) {
  const VolumeSpec volume{
      .name = "11111111.qcow2", .bytes = std::uint64_t{8} << 30U, .base = "/srv/images/a@3/disk.qcow2"};
  expect_storage_golden("volume-dir", volume_xml(spec_of("dir /srv/tobari/disks"), volume), "storagevol");
  expect_storage_golden("volume-lvm", volume_xml(spec_of("lvm vg_tobari"), volume), "storagevol");
  expect_storage_golden("volume-rbd", volume_xml(spec_of(kRbd), volume), "storagevol");
}

TEST(Storage, DisksAreWhereTheyLie) {
  EXPECT_EQ(disk_source_xml(spec_of("dir /srv/d"), "/srv/d", "x.qcow2", "").source,
            "<source file='/srv/d/x.qcow2'/>\n");
  EXPECT_EQ(disk_source_xml(spec_of("lvm vg0"), "", "x", "").type, "block");
  EXPECT_EQ(disk_source_xml(spec_of("lvm vg0"), "", "x", "").source, "<source dev='/dev/vg0/x'/>\n");
  const DiskSourceXml rbd = disk_source_xml(spec_of(kRbd), "", "x", "  ");
  EXPECT_EQ(rbd.type, "network");
  EXPECT_THAT(rbd.source, HasSubstr("<source protocol='rbd' name='tobari/x'>"));
  EXPECT_THAT(rbd.source, HasSubstr("<host name='192.0.2.1' port='6789'/>"));
  EXPECT_THAT(rbd.source, HasSubstr("<auth type='ceph' username='tobari'>"));
}

TEST(Storage, WhatIsWrittenOtherwiseIsRefusedAndSaysHow) {
  for (const char* text :
       {"", "dir", "dir relative", "dir /a/../b", "nfs nas", "nfs nas:relative", "nfs na's:/x", "lvm", "lvm a/b",
        "lvm -x", "rbd pool", "rbd pool mon=", "rbd pool mon=a:0", "rbd pool mon=a:99999", "rbd pool mon=a user=u",
        "rbd pool mon=a secret=6f9619ff-8b86-4d01-b42d-00c04fc964ff", "rbd pool mon=a size=1", "zfs tank",
        "dir /a b"}) {
    EXPECT_FALSE(parse_storage(text)) << text;
  }
  EXPECT_THAT(parse_storage("zfs tank").error().message, HasSubstr("nfs SERVER:/FOLDER"));
}

// ---- room

constexpr std::uint64_t kGib = std::uint64_t{1} << 30U;

TEST(DiskRoom, NothingIsPutWhereTheDiskWouldRunFull) {
  const RoomUse use{
      .capacity_bytes = 100 * kGib, .free_bytes = 10 * kGib, .used_bytes = 50 * kGib, .promised_bytes = 80 * kGib};
  EXPECT_TRUE(check_room("/d", {}, use, 10 * kGib, 0));
  const auto full = check_room("/d", {}, use, 11 * kGib, 0);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::kExhausted);
  EXPECT_THAT(full.error().message, HasSubstr("/d is full: 11.0 GiB are needed, 10.0 GiB are free"));
  EXPECT_FALSE(check_room("/d", {.keep_free_bytes = 5 * kGib}, use, 6 * kGib, 0));
  EXPECT_TRUE(check_room("/d", {.keep_free_bytes = 5 * kGib}, use, 5 * kGib, 0));
}

TEST(DiskRoom, AQuotaCountsWhatIsUsedAndAPromiseWhatMayBe) {
  const RoomUse use{
      .capacity_bytes = 100 * kGib, .free_bytes = 60 * kGib, .used_bytes = 39 * kGib, .promised_bytes = 150 * kGib};
  const RoomRules quota{.quota_bytes = 40 * kGib};
  EXPECT_TRUE(check_room("/d", quota, use, kGib, 0));
  EXPECT_THAT(check_room("/d", quota, use, 2 * kGib, 0).error().message, HasSubstr("39.0 GiB of a quota of 40.0 GiB"));
  const RoomRules twice{.overcommit_percent = 200};
  EXPECT_TRUE(check_room("/d", twice, use, 0, 50 * kGib));
  EXPECT_THAT(check_room("/d", twice, use, 0, 51 * kGib).error().message, HasSubstr("beyond 200 %"));
  EXPECT_FALSE(check_room("/d", {.quota_bytes = 50 * kGib, .overcommit_percent = 200}, use, 0, 0)) << "of the quota";
  EXPECT_FALSE(check_room("/d", {}, use, ~std::uint64_t{0}, ~std::uint64_t{0})) << "no overflow";
}

TEST(DiskRoom, SaysWhyNothingMoreGoesThere) {
  const RoomUse use{.capacity_bytes = 100 * kGib, .free_bytes = kGib, .used_bytes = 40 * kGib, .promised_bytes = 0};
  EXPECT_EQ(why_no_room("/d", {}, use), "");
  EXPECT_THAT(why_no_room("/d", {.keep_free_bytes = 2 * kGib}, use), HasSubstr("full"));
  EXPECT_THAT(why_no_room("/d", {.quota_bytes = 40 * kGib}, use), HasSubstr("quota of 40.0 GiB is used up"));
}

// ---- the program that converts

TEST(QemuImg, FormatsAreStatedAndFilesAreFiles) {
  EXPECT_EQ(
      image_options({.format = SourceFormat::kQcow2, .variant = "", .virtual_bytes = 0, .at = 0, .bytes = 9}, "/i/a,b"),
      "driver=qcow2,file.driver=file,file.filename=/i/a,,b");
  EXPECT_EQ(image_options({.format = SourceFormat::kVmdk, .variant = "", .virtual_bytes = 0, .at = 1024, .bytes = 512},
                          "/i/m"),
            "driver=vmdk,file.driver=raw,file.offset=1024,file.size=512,file.file.driver=file,file.file.filename=/i/m");
  EXPECT_THAT(
      image_options({.format = SourceFormat::kVhd, .variant = "", .virtual_bytes = 0, .at = 0, .bytes = 9}, "/i/v"),
      HasSubstr("driver=vpc,force_size_calc=current_size,"));
  EXPECT_EQ(image_options({.format = SourceFormat::kRaw, .variant = "", .virtual_bytes = 0, .at = 512, .bytes = 1024},
                          "/i/r"),
            "driver=raw,offset=512,size=1024,file.driver=file,file.filename=/i/r");
}

TEST(QemuImg, ProgressIsTheNewest) {
  EXPECT_EQ(progress_in("    (0.00/100%)\r    (12.34/100%)\r"), 123U);
  EXPECT_EQ(progress_in("    (100.00/100%)\r"), 1000U);
  EXPECT_EQ(progress_in("    (12.3"), std::nullopt);
  EXPECT_EQ(progress_in("(x/100%)"), std::nullopt);
  EXPECT_EQ(progress_in(""), std::nullopt);
}

}  // namespace
}  // namespace tobari::vmhost
