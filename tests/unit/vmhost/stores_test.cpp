// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/disk_store.h"
#include "host/epoch_store.h"
#include "host/event_queue.h"
#include "host/files.h"
#include "host/image_store.h"
#include "test_image.h"

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;

// ---- epochs

TEST(EpochStore, RaisesNeverLowersAndRemembers) {
  const TempDir dir;
  const DesktopId id = DesktopId::random();
  {
    auto store = EpochStore::open(dir / "epochs");
    ASSERT_TRUE(store);
    const std::pair<DesktopId, std::uint64_t> up[] = {{id, 7}};
    const std::pair<DesktopId, std::uint64_t> down[] = {{id, 3}};
    ASSERT_TRUE(store->raise(up));
    ASSERT_TRUE(store->raise(down));
  }
  EXPECT_EQ(EpochStore::open(dir / "epochs")->all().at(id), 7U);
}

TEST(EpochStore, DamageIsAnErrorNotAFreshStart) {
  const TempDir dir;
  for (const char* text :
       {"nonsense\n", "11111111-2222-4333-8444-555555555555 x\n", "11111111-2222-4333-8444-555555555555 1 2\n"}) {
    dir.write("epochs", text);
    const auto store = EpochStore::open(dir / "epochs");
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message, HasSubstr("damaged"));
  }
}

TEST(EpochStore, FailureChangesNothing) {
  const TempDir dir;
  auto store = EpochStore::open(dir / "absent/epochs");
  ASSERT_TRUE(store);
  const std::pair<DesktopId, std::uint64_t> up[] = {{DesktopId::random(), 7}};
  EXPECT_FALSE(store->raise(up));
  EXPECT_TRUE(store->all().empty());
}

// ---- session events

wire::SessionEvent event(const std::string& id) {
  wire::SessionEvent made;
  made.set_event_id(id);
  return made;
}

TEST(EventQueue, KeepsUntilStoredAcrossRestarts) {
  const TempDir dir;
  {
    EventQueue queue(dir / "events");
    queue.add(event("a"));
    queue.add(event("b"));
    queue.stored("a");
  }
  EventQueue queue(dir / "events");
  ASSERT_EQ(queue.pending().size(), 1U);
  EXPECT_EQ(queue.pending()[0].event_id(), "b");
}

TEST(EventQueue, IsBounded) {
  EventQueue queue("/nonexistent/events");  // a full disk costs durability, not events
  for (std::size_t i = 0; i <= EventQueue::kMax; ++i) queue.add(event(std::to_string(i)));
  EXPECT_EQ(queue.pending().size(), EventQueue::kMax);
  EXPECT_EQ(queue.pending()[0].event_id(), "1");
}

// ---- images

TEST(ImageStore, GivesWhatTheManifestSays) {
  const TestImage image;
  ImageStore store(image.images(), image.dir() / "cache");
  const auto files = store.verified("test");
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(files->kernel, image.images() / "test/kernel");
  EXPECT_EQ(files->disk, image.images() / "test/disk.qcow2");
  ASSERT_EQ(store.list().size(), 1U);
  EXPECT_EQ(store.list()[0].name, "test");
  EXPECT_EQ(store.list()[0].digest.size(), 64U);
}

TEST(ImageStore, OneFlippedByteIsRefused) {
  const TestImage image;
  image.dir().write("images/test/kernel", "another kernel");
  ImageStore store(image.images(), image.dir() / "cache");
  const auto files = store.verified("test");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(files.error().message, HasSubstr("kernel does not have the digest"));
}

TEST(ImageStore, ChangedAfterItWasVerifiedIsRefused) {
  const TestImage image;
  ImageStore store(image.images(), image.dir() / "cache");
  ASSERT_TRUE(store.verified("test"));
  image.dir().write("images/test/kernel", std::string(2048, 0));  // the same length
  EXPECT_FALSE(store.verified("test"));
  ImageStore later(image.images(), image.dir() / "cache");
  EXPECT_FALSE(later.verified("test"));
}

TEST(ImageStore, DigestsAreRememberedAcrossRestarts) {
  const TestImage image;
  ASSERT_TRUE(ImageStore(image.images(), image.dir() / "cache").verified("test"));
  // What is remembered is believed: proof that the file was not read again.
  auto text = *read_small_file(image.dir() / "cache", 1 << 20);
  text.replace(text.find('\n') - 64, 64, std::string(64, '0'));
  ASSERT_TRUE(write_file_durably(image.dir() / "cache", text));
  EXPECT_FALSE(ImageStore(image.images(), image.dir() / "cache").verified("test"));
}

TEST(ImageStore, ImageThatStandsOnAnotherFileIsRefused) {
  TestImage image;
  image.make_disk("-F qcow2 -b /etc/passwd -u", "8M");
  image.write_manifest();
  const auto files = ImageStore(image.images(), image.dir() / "cache").verified("test");
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr("must be whole"));
}

TEST(ImageStore, NamesCannotLeaveTheFolder) {
  const TestImage image;
  ImageStore store(image.images(), image.dir() / "cache");
  for (const char* name : {"../test", "", ".", "..", "a/b", "absent"}) EXPECT_FALSE(store.verified(name)) << name;
}

TEST(Manifest, RefusesWhatIsIncomplete) {
  const std::string sum(64, 'a');
  const std::string good = R"({"kernel":"k","disk":"d","sha256":{"k":")" + sum + R"(","d":")" + sum + R"("}})";
  EXPECT_TRUE(parse_manifest(good));
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("{}"), std::string(R"({"sha256":{"k":"x"}})"),
        R"({"kernel":"../k","disk":"d","sha256":{"../k":")" + sum + R"(","d":")" + sum + R"("}})",
        R"({"kernel":"k","disk":"d","sha256":{"k":")" + sum + R"("}})",
        R"({"kernel":1,"disk":"d","sha256":{"k":")" + sum + R"(","d":")" + sum + R"("}})"}) {
    EXPECT_FALSE(parse_manifest(bad)) << bad;
  }
}

// ---- disks

class DiskStoreTest : public ::testing::Test {
 protected:
  TestImage image_;
  DiskStore store_{image_.dir().path(), std::nullopt};
  const DesktopId id_ = DesktopId::random();
  const std::filesystem::path base_ = image_.images() / "test/disk.qcow2";
};

TEST_F(DiskStoreTest, MakesOnceKeepsAndRemoves) {
  const auto made = store_.ensure(id_, base_);
  ASSERT_TRUE(made) << describe(made.error());
  const auto when = std::filesystem::last_write_time(*made);
  ASSERT_TRUE(store_.ensure(id_, base_));
  EXPECT_EQ(std::filesystem::last_write_time(*made), when);
  ASSERT_TRUE(store_.remove(id_));
  EXPECT_FALSE(std::filesystem::exists(*made));
  EXPECT_TRUE(store_.remove(id_));
}

TEST_F(DiskStoreTest, SaysWhatADiskStandsOnAndWhetherItWasWrittenTo) {
  EXPECT_FALSE(*store_.base_of(id_));
  EXPECT_TRUE(store_.bases()->empty());
  const auto disk = store_.ensure(id_, base_);
  ASSERT_TRUE(disk);
  EXPECT_EQ(**store_.base_of(id_), base_);
  EXPECT_EQ(*store_.bases(), std::set<std::filesystem::path>{base_});
  EXPECT_TRUE(check_base(*disk, base_));
  EXPECT_EQ(check_base(*disk, "/elsewhere").error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(*store_.untouched(id_));
  ASSERT_EQ(std::system(("qemu-io -c 'write -P 7 1M 4k' " + disk->string() + " >/dev/null").c_str()), 0);
  EXPECT_FALSE(*store_.untouched(id_));
}

TEST_F(DiskStoreTest, DiskThatCannotBeMadeLeavesNothing) {
  EXPECT_FALSE(store_.ensure(id_, image_.dir() / "no-such.qcow2"));
  for (const auto& each : std::filesystem::directory_iterator(image_.dir().path())) {
    EXPECT_THAT(each.path().filename().string(), ::testing::Not(::testing::HasSubstr(id_.str())));
  }
}

TEST_F(DiskStoreTest, ForeignBackingFileIsRefused) {
  ASSERT_TRUE(store_.ensure(id_, base_));
  std::filesystem::copy(base_, image_.dir() / "other.qcow2");
  const auto other = store_.ensure(id_, image_.dir() / "other.qcow2");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(other.error().message, HasSubstr("was made for"));
}

TEST_F(DiskStoreTest, WhatIsNoQcow2IsRefused) {
  image_.dir().write(id_.str() + ".qcow2", "raw bytes that a guest chose");
  EXPECT_EQ(store_.ensure(id_, base_).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace tobari::vmhost
