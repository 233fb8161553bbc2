// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/container_store.h"

#include <cstdlib>
#include <format>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/files.h"
#include "host/image_store.h"
#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

mode_t mode_of(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

class ContainerStoreTest : public ::testing::Test {
 protected:
  ContainerStoreTest() {
    fs::create_directories(dir_ / "bases");
    fs::create_directories(dir_ / "disks");
    dir_.write("system/etc/hostname", "image\n");
    dir_.write("system/usr/bin/program", "#!/bin/sh\n");
    dir_.write("system/home/user/.bashrc", "PS1=x\n");
    fs::create_symlink("../run/resolv.conf", dir_ / "system/etc/resolv.conf");
    fs::create_directories(dir_ / "system/tmp");
    ::chmod((dir_ / "system/usr/bin/program").c_str(), 04755);
    ::chmod((dir_ / "system/tmp").c_str(), 01777);
    ::chmod((dir_ / "system/home/user").c_str(), 0700);
    pack();
  }
  void pack() {
    fs::create_directories(dir_ / "images/light");
    const std::string command = std::format(
        "tar -C {0}/system -cf {0}/images/light/root.tar . && chmod 644 {0}/images/light/*", dir_.path().string());
    ASSERT_EQ(std::system(command.c_str()), 0);
    dir_.write("images/light/manifest.json",
               std::format(R"({{"machine":"container","root":"root.tar","sha256":{{"root.tar":"{}"}}}})",
                           *sha256_hex_of_file(dir_ / "images/light/root.tar")));
    ImageStore images(dir_ / "images", dir_ / "digests");
    auto verified = images.verified("light");
    ASSERT_TRUE(verified) << describe(verified.error());
    image_ = *verified;
  }
  ContainerStore store(std::optional<std::uint32_t> first_id = {}) const {
    return ContainerStore({.bases_dir = dir_ / "bases", .disks_dir = dir_ / "disks", .first_id = first_id});
  }

  TempDir dir_;
  ImageFiles image_;
};

TEST_F(ContainerStoreTest, AnImageForContainersHasAnArchiveAndNoKernel) {
  EXPECT_EQ(image_.manifest.machine, MachineKind::kContainer);
  EXPECT_EQ(image_.root.filename(), "root.tar");
  EXPECT_TRUE(image_.kernel.empty());
  const auto listed = ImageStore(dir_ / "images", dir_ / "digests").list();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].machine, MachineKind::kContainer);
  EXPECT_EQ(listed[0].root_sha256, image_.manifest.sha256.at("root.tar"));
  EXPECT_FALSE(parse_manifest(R"({"machine":"container","sha256":{}})")) << "without its archive";
  EXPECT_FALSE(parse_manifest(R"({"machine":"toaster","sha256":{}})"));
}

// It lies on the host: nothing in it may make anybody more than they are, or be where two desktops meet.
TEST_F(ContainerStoreTest, ABaseIsEverybodysToReadAndNobodysToWrite) {
  const auto base = store().base(image_);
  ASSERT_TRUE(base) << describe(base.error());
  EXPECT_EQ(base->filename(), image_.manifest.sha256.at("root.tar"));
  EXPECT_EQ(mode_of(*base / "usr/bin/program"), 0755U) << "no program runs as its owner";
  EXPECT_EQ(mode_of(*base / "tmp"), 0755U);
  EXPECT_EQ(mode_of(*base), 0755U);
  EXPECT_TRUE(fs::is_symlink(*base / "etc/resolv.conf"));
  for (const char* place : {".oldroot", ".tobari/base", ".tobari/own", ".tobari/root", "dev", "proc", "run", "sys"}) {
    EXPECT_EQ(mode_of(*base / place), 0755U) << place;
  }
  EXPECT_TRUE(fs::is_empty(*base / "home")) << "copies lie over it";
  EXPECT_TRUE(fs::exists(*base / ".tobari/home/user/.bashrc"));
}

TEST_F(ContainerStoreTest, ABaseIsUnpackedOnce) {
  EXPECT_FALSE(store().has_base(image_));
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  EXPECT_TRUE(store().has_base(image_));
  std::ofstream(*base / "mark") << "x";
  ASSERT_TRUE(store().base(image_));
  EXPECT_TRUE(fs::exists(*base / "mark"));
}

TEST_F(ContainerStoreTest, WhatWasHalfUnpackedIsNotUsed) {
  fs::create_directories(dir_ / "bases" / (image_.manifest.sha256.at("root.tar") + ".new/etc"));
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  EXPECT_TRUE(fs::exists(*base / "usr/bin/program"));
  EXPECT_FALSE(fs::exists(base->string() + ".new"));
}

TEST_F(ContainerStoreTest, AnArchiveThatIsNoneLeavesNothing) {
  std::ofstream(dir_ / "images/light/root.tar") << "no archive at all";
  const auto base = store().base(image_);
  ASSERT_FALSE(base);
  EXPECT_THAT(base.error().message, HasSubstr("root.tar"));
  EXPECT_TRUE(fs::is_empty(dir_ / "bases"));
}

TEST_F(ContainerStoreTest, UnderAnotherNumberADesktopIsMadeAnew) {
  ContainerStore files = store();
  const DesktopId id = DesktopId::random();
  const auto base = files.base(image_);
  ASSERT_TRUE(base);
  const auto first = files.ensure(id, *base);
  ASSERT_TRUE(first) << describe(first.error());
  std::ofstream(fs::path(first->own) / "upper/mine") << "x";
  EXPECT_TRUE(files.ensure(id, *base));
  EXPECT_TRUE(fs::exists(fs::path(first->own) / "upper/mine"));
  const auto second = files.ensure(id, *base, 1);
  ASSERT_TRUE(second) << describe(second.error());
  EXPECT_FALSE(fs::exists(fs::path(second->own) / "upper/mine"));
  EXPECT_TRUE(files.ensure(id, *base, 1)) << "and stays so";
  files.forget_bases({});
  EXPECT_TRUE(files.has_base(image_)) << "the desktop stands on it";
}

TEST_F(ContainerStoreTest, ABaseIsUsedAsLongAsADesktopIsThere) {
  ContainerStore files = store();
  const DesktopId id = DesktopId::random();
  const auto base = files.base(image_);
  ASSERT_TRUE(base);
  const std::string digest = base->filename().string();
  EXPECT_FALSE(*files.is_used(digest));
  ASSERT_TRUE(files.ensure(id, *base, 3));
  EXPECT_TRUE(*files.is_used(digest));
  EXPECT_FALSE(*files.is_used(std::string(64, 'a')));
  ASSERT_TRUE(files.remove(id));
  EXPECT_FALSE(*files.is_used(digest));
}

TEST_F(ContainerStoreTest, APipeOrADeviceIsNoPartOfASystem) {
  ASSERT_EQ(::mkfifo((dir_ / "system/etc/pipe").c_str(), 0600), 0);
  pack();
  const auto base = store().base(image_);
  ASSERT_FALSE(base);
  EXPECT_EQ(base.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(base.error().message, HasSubstr("etc/pipe"));
  EXPECT_TRUE(fs::is_empty(dir_ / "bases"));
}

TEST_F(ContainerStoreTest, AMountPointThatIsALinkIsRefused) {
  fs::create_symlink("/etc", dir_ / "system/proc");
  pack();
  EXPECT_EQ(store().base(image_).error().code, Errc::kInvalidArgument);
}

TEST_F(ContainerStoreTest, ADesktopHasItsOwnCopyOfTheHomes) {
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  const DesktopId id = DesktopId::random();
  const auto files = store().ensure(id, *base);
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(files->base, base->string());
  const fs::path own = files->own;
  EXPECT_TRUE(fs::exists(own / "upper/home/user/.bashrc"));
  EXPECT_EQ(mode_of(own / "upper/home/user"), 0700U);
  EXPECT_EQ(mode_of(own / "upper"), 0755U) << "it is the desktop's root folder";
  EXPECT_EQ(mode_of(own / "upper/var/tmp"), 01777U);
  EXPECT_EQ(mode_of(own), 0700U);
  EXPECT_TRUE(fs::is_empty(own / "work"));
  // Again: what its user has written stays.
  std::ofstream(own / "upper/home/user/letter") << "dear";
  ASSERT_TRUE(store().ensure(id, *base));
  EXPECT_TRUE(fs::exists(own / "upper/home/user/letter"));
}

TEST_F(ContainerStoreTest, FilesOfAnotherVersionAreNotLaidOverThisOne) {
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  const DesktopId id = DesktopId::random();
  ASSERT_TRUE(store().ensure(id, *base));
  dir_.write("system/etc/version", "2\n");
  pack();
  const auto newer = store().base(image_);
  ASSERT_TRUE(newer);
  const auto refused = store().ensure(id, *newer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("another version"));
}

TEST_F(ContainerStoreTest, RemovingIsWholeAndMayBeRepeated) {
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  const DesktopId id = DesktopId::random();
  const auto files = store().ensure(id, *base);
  ASSERT_TRUE(files);
  dir_.write("outside/letter", "stays");
  fs::create_directory_symlink(dir_ / "outside", fs::path(files->own) / "upper/home/user/way-out");
  ASSERT_TRUE(store().remove(id));
  ASSERT_TRUE(store().remove(id));
  EXPECT_TRUE(fs::is_empty(dir_ / "disks"));
  EXPECT_TRUE(fs::exists(dir_ / "outside/letter")) << "links are not followed";
}

TEST_F(ContainerStoreTest, BasesGoWhenNobodyStandsOnThem) {
  const auto first = store().base(image_);
  ASSERT_TRUE(first);
  const DesktopId id = DesktopId::random();
  ASSERT_TRUE(store().ensure(id, *first));
  const std::string other = std::string(64, 'b');
  fs::create_directories(dir_ / "bases" / other);
  store().forget_bases({other});
  EXPECT_TRUE(fs::exists(*first)) << "a desktop stands on it";
  EXPECT_TRUE(fs::exists(dir_ / "bases" / other)) << "its image is there";
  ASSERT_TRUE(store().remove(id));
  store().forget_bases({});
  EXPECT_TRUE(fs::is_empty(dir_ / "bases"));
}

// Each desktop's users are its own: who gets out of one is nobody in the others.
TEST_F(ContainerStoreTest, DesktopsHaveUsersOfTheirOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  constexpr std::uint32_t kFirst = 2'100'000'000;
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  const DesktopId one = DesktopId::random();
  const DesktopId two = DesktopId::random();
  const auto first = store(kFirst).ensure(one, *base);
  const auto second = store(kFirst).ensure(two, *base);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->first_id, kFirst);
  EXPECT_EQ(second->first_id, kFirst + kIdsOfContainer);
  const auto owner = [](const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info.st_uid;
  };
  EXPECT_EQ(owner(second->own), kFirst + kIdsOfContainer);
  EXPECT_EQ(owner(fs::path(second->own) / "upper/etc"), kFirst + kIdsOfContainer);
  EXPECT_EQ(owner(fs::path(second->own) / "upper/home/user/.bashrc"), kFirst + kIdsOfContainer + 1000);
  EXPECT_EQ(store(kFirst).ensure(two, *base)->first_id, kFirst + kIdsOfContainer) << "the same at each start";
  ASSERT_TRUE(store(kFirst).remove(one));
  EXPECT_EQ(store(kFirst).ensure(DesktopId::random(), *base)->first_id, kFirst) << "free again";
}

TEST_F(ContainerStoreTest, LastWordsAreALineOfTheDesktopsAndNothingElse) {
  const auto base = store().base(image_);
  ASSERT_TRUE(base);
  const DesktopId id = DesktopId::random();
  EXPECT_EQ(store().last_words(id), "");
  const auto files = store().ensure(id, *base);
  ASSERT_TRUE(files);
  const fs::path log = fs::path(files->own) / "boot.log";
  EXPECT_EQ(store().last_words(id), "");
  std::ofstream(log) << "first\nmount overlay at /.tobari/root: Invalid \x1b[31margument\n\n";
  EXPECT_EQ(store().last_words(id), "mount overlay at /.tobari/root: Invalid ?[31margument");
  std::ofstream(log) << std::string(100'000, 'x');
  EXPECT_LE(store().last_words(id).size(), 256U);
  fs::remove(log);
  dir_.write("secret", "of the host");
  fs::create_symlink(dir_ / "secret", log);
  EXPECT_EQ(store().last_words(id), "") << "a link is not followed";
  fs::remove(log);
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
  EXPECT_EQ(store().last_words(id), "") << "a pipe is not waited for";
}

}  // namespace
}  // namespace tobari::vmhost
