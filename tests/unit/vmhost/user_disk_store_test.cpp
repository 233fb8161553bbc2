// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/user_disk_store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/user_disk_claims.h"
#include "host/qcow2_files.h"
#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UserDiskStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] UserDiskStore store(std::uint64_t max_gib = 0) const {
    return {UserStorage{.folder = dir_ / ".", .max_gib = max_gib},
            {{"nas", UserStorage{.folder = dir_ / "nas"}}},
            std::nullopt};
  }
  [[nodiscard]] UserDiskStore::Wanted wanted(std::uint32_t size_gib = 1, bool made = false) const {
    return {.id = id_, .storage = "", .size_gib = size_gib, .made = made};
  }

  const TempDir dir_;
  const UserDiskId id_ = UserDiskId::random();
};

TEST_F(UserDiskStoreTest, MakesADiskOnceAndGrowsIt) {
  const auto first = store().ensure_disk(wanted());
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ(qcow2_header_of(*first)->virtual_bytes, std::uint64_t{1} << 30U);
  EXPECT_EQ(qcow2_header_of(*first)->backing_file, "");
  EXPECT_LT(fs::file_size(*first), 1U << 20U) << "thin";
  EXPECT_EQ(*store().ensure_disk(wanted(3)), *first);
  EXPECT_EQ(qcow2_header_of(*first)->virtual_bytes, std::uint64_t{3} << 30U);
  ASSERT_TRUE(store().ensure_disk(wanted(2)));
  EXPECT_EQ(qcow2_header_of(*first)->virtual_bytes, std::uint64_t{3} << 30U) << "never smaller";
}

// An empty disk in place of one with a user's work on it would look like the loss of that work.
TEST_F(UserDiskStoreTest, WhatWasThereIsNotMadeAnew) {
  const auto lost = store().ensure_disk(wanted(1, true));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::kNotFound);
  EXPECT_THAT(lost.error().message, HasSubstr("bring it back"));
  UserDiskStore::Wanted folder = wanted(1, true);
  EXPECT_EQ(store().ensure_folder(folder).error().code, Errc::kNotFound);
}

TEST_F(UserDiskStoreTest, AStorageThatIsNotMountedOrNotKnownIsSaid) {
  UserDiskStore::Wanted on_nas = wanted();
  on_nas.storage = "nas";
  EXPECT_EQ(store().ensure_disk(on_nas).error().code, Errc::kUnavailable);
  EXPECT_EQ(store().remove(id_, "nas").error().code, Errc::kUnavailable) << "nothing is known of what is there";
  fs::create_directory(dir_ / "nas");
  EXPECT_TRUE(store().ensure_disk(on_nas));
  on_nas.storage = "elsewhere";
  EXPECT_THAT(store().ensure_disk(on_nas).error().message, HasSubstr("no storage elsewhere"));
  EXPECT_THAT(store().storages(), ElementsAre("nas"));
}

TEST_F(UserDiskStoreTest, PromisesNoMoreThanItMay) {
  ASSERT_TRUE(store(4).ensure_disk(wanted(3)));
  UserDiskStore::Wanted second = wanted(2);
  second.id = UserDiskId::random();
  const auto refused = store(4).ensure_disk(second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("3 of 4 GiB are promised"));
  EXPECT_EQ(store(4).ensure_disk(wanted(5)).error().code, Errc::kExhausted) << "to grow is to promise";
  second.size_gib = 1;
  EXPECT_TRUE(store(4).ensure_disk(second));
}

TEST_F(UserDiskStoreTest, ADiskThatStandsOnAnotherFileIsNotUsed) {
  const fs::path file = dir_ / (id_.str() + ".qcow2");
  ASSERT_TRUE(run_qemu_img({"create", "-q", "-f", "qcow2", (dir_ / "base").string(), "1G"}));
  ASSERT_TRUE(
      run_qemu_img({"create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", (dir_ / "base").string(), file.string()}));
  EXPECT_EQ(store().ensure_disk(wanted(1, true)).error().code, Errc::kInvalidArgument);
  std::ofstream(file) << "no disk at all";
  EXPECT_EQ(store().ensure_disk(wanted(1, true)).error().code, Errc::kInvalidArgument);
}

TEST_F(UserDiskStoreTest, RemovesDisksAndFoldersAndNothingThatTheyPointTo) {
  ASSERT_TRUE(store().ensure_disk(wanted()));
  const auto folder = store().ensure_folder(wanted());
  ASSERT_TRUE(folder);
  std::ofstream(dir_ / "precious") << "x";
  fs::create_symlink(dir_ / "precious", *folder / "link");
  std::ofstream(*folder / "file") << "x";
  for (int again = 0; again < 2; ++again) EXPECT_TRUE(store().remove(id_, ""));
  EXPECT_FALSE(fs::exists(*folder));
  EXPECT_FALSE(fs::exists(dir_ / (id_.str() + ".qcow2")));
  EXPECT_TRUE(fs::exists(dir_ / "precious"));
}

TEST(UserDiskSerial, IsWhatVirtioHasRoomFor) {
  const auto id = *UserDiskId::parse("11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(serial_of(id), "1111111122224333");
}

TEST(UserDiskClaims, OneDesktopAtATimeAndNoOldOrders) {
  UserDiskClaims claims;
  const UserDiskId disk = UserDiskId::random();
  const DesktopId one = DesktopId::random();
  const DesktopId two = DesktopId::random();
  EXPECT_TRUE(claims.claim(disk, 3, one));
  EXPECT_TRUE(claims.claim(disk, 3, one));
  EXPECT_EQ(claims.claim(disk, 4, two).error().code, Errc::kAlreadyExists);
  EXPECT_TRUE(claims.held(disk));
  claims.release(two);
  EXPECT_TRUE(claims.held(disk));
  claims.release(one);
  EXPECT_FALSE(claims.held(disk));
  EXPECT_TRUE(claims.claim(disk, 4, two));
  claims.release(two);
  EXPECT_EQ(claims.claim(disk, 3, one).error().code, Errc::kCancelled);
}

}  // namespace
}  // namespace tobari::vmhost
