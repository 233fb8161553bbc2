// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/template_store.h"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "host/disk_store.h"
#include "temp_dir.h"
#include "test_image.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const TemplateProfile kProfile{"test", 2, 64, 1};

class TemplateStoreTest : public ::testing::Test {
 protected:
  TemplateStoreTest() { fs::create_directories(dir()); }
  fs::path dir() const { return image_.dir() / "templates"; }
  fs::path base() const { return image_.images() / "test/disk.qcow2"; }
  TemplateStore store() const { return {dir(), std::nullopt}; }
  FrozenTemplate frozen() {
    const auto draft = store().begin(base(), kProfile.memory_mib);
    EXPECT_TRUE(draft) << describe(draft.error());
    std::ofstream(draft->files.state) << "devices";
    auto sealed = store().seal(*draft, kProfile, "f1");
    EXPECT_TRUE(sealed) << describe(sealed.error());
    return *sealed;
  }
  bool is_empty() const { return fs::is_empty(dir()); }

  TestImage image_;
};

TEST_F(TemplateStoreTest, MemoryHasAllItsRoomAtOnce) {
  const auto draft = store().begin(base(), 64);
  ASSERT_TRUE(draft) << describe(draft.error());
  struct stat info{};
  ASSERT_EQ(::stat(draft->files.ram.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 64 << 20);
  EXPECT_GE(info.st_blocks, (64 << 20) / 512);
  EXPECT_TRUE(check_base(draft->disk, base()));
  EXPECT_TRUE(store().holds(draft->disk));
  EXPECT_FALSE(store().holds(base()));
  EXPECT_FALSE(store().holds(dir() / "disk.qcow2"));
}

// As systemd starts the agent: with the umask alone no VM got to its memory.
TEST_F(TemplateStoreTest, VmsFindTheirFilesWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  const auto draft = store().begin(base(), 64);
  ::umask(before);
  ASSERT_TRUE(draft) << describe(draft.error());
  struct stat info{};
  ASSERT_EQ(::stat(draft->disk.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0711U);
}

TEST_F(TemplateStoreTest, WithoutRoomNothingIsLeft) {
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 20, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto draft = store().begin(base(), 64);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(draft);
  EXPECT_TRUE(is_empty());
}

TEST_F(TemplateStoreTest, WhatIsSealedIsFoundAgain) {
  const FrozenTemplate made = frozen();
  const auto found = store().load({});
  ASSERT_TRUE(found) << describe(found.error());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().generation, made.generation);
  EXPECT_EQ(found->front().profile, kProfile);
  EXPECT_EQ(found->front().fingerprint, "f1");
  EXPECT_EQ(found->front().files.ram, made.files.ram);
  EXPECT_TRUE(store().check(found->front()));
}

TEST_F(TemplateStoreTest, HalfMadeIsRemoved) {
  ASSERT_TRUE(store().begin(base(), 64));
  const auto found = store().load({});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_TRUE(is_empty());
}

TEST_F(TemplateStoreTest, ChangedIsNotUsedAndStaysWhileADiskNeedsIt) {
  const FrozenTemplate made = frozen();
  std::ofstream(made.files.ram, std::ios::in | std::ios::out) << "x";
  const auto checked = store().check(made);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("ram was changed on disk"));
  EXPECT_TRUE(store().load({made.disk})->empty());
  EXPECT_FALSE(is_empty());
  EXPECT_TRUE(store().load({})->empty());
  EXPECT_TRUE(is_empty());
}

// From a backup, or by a tool that only touches it.
TEST_F(TemplateStoreTest, OtherTimesWithTheSameContentAreNoChange) {
  const FrozenTemplate made = frozen();
  fs::last_write_time(made.files.state, fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(store().check(made));
  const auto found = store().load({});
  ASSERT_EQ(found->size(), 1U);
  EXPECT_TRUE(store().check(found->front()));
}

TEST_F(TemplateStoreTest, NonsenseAsADescriptionIsRemoved) {
  for (const char* nonsense : {"", "{", "[]", "{\"marks\":7}", "{\"marks\":{\"ram\":1}}"}) {
    const FrozenTemplate made = frozen();
    std::ofstream(made.disk.parent_path() / "template.json", std::ios::trunc) << nonsense;
    EXPECT_TRUE(store().load({})->empty()) << nonsense;
    EXPECT_TRUE(is_empty()) << nonsense;
  }
}

TEST_F(TemplateStoreTest, RemovedTwiceIsRemoved) {
  const FrozenTemplate made = frozen();
  EXPECT_TRUE(store().remove(made.generation));
  EXPECT_TRUE(store().remove(made.generation));
  EXPECT_TRUE(is_empty());
}

}  // namespace
}  // namespace tobari::vmhost
