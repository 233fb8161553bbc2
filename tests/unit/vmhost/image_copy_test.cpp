// SPDX-License-Identifier: GPL-3.0-or-later
// An image from one host to another: pieces, interruptions, lies.
#include <filesystem>
#include <format>
#include <thread>

#include <gmock/gmock.h>

#include "disk_files.h"
#include "host/files.h"
#include "host/image_manifest.h"
#include "images/fake_part_source.h"
#include "images/image_parts.h"
#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace disk_files;
using ::testing::HasSubstr;

class ImageCopyTest : public ::testing::Test {
 protected:
  ImageCopyTest() {
    for (const char* folder : {"there", "here"}) std::filesystem::create_directory(dir_ / folder);
    dir_.write("there/debian@3/disk.qcow2", qcow2().text());
    ImageManifest manifest;
    manifest.disk = "disk.qcow2";
    manifest.sha256["disk.qcow2"] = *sha256_hex_of_file(dir_ / "there/debian@3/disk.qcow2");
    dir_.write("there/debian@3/manifest.json", manifest_text(manifest, "a test"));
    digest_ = *ImageFolders(dir_ / "there").digest_of("debian@3");
    source_.part_bytes = 10'000;
  }
  Result<bool> run(const std::string& digest, RoomRules rules = {}) {
    return ImageCopy(here_, source_, rules).run("debian@3", digest, job_);
  }
  std::string problem(const std::string& digest, RoomRules rules = {}) {
    const auto done = run(digest, rules);
    return done ? "none" : done.error().message;
  }
  bool is_there() const { return std::filesystem::exists(dir_ / "here/debian@3/manifest.json"); }

  TempDir dir_;
  const ImageFolders here_{dir_ / "here"};
  FakePartSource source_{dir_ / "there"};
  ImageJob job_;
  std::string digest_;
};

TEST_F(ImageCopyTest, BringsEveryFileAndIsUsedWhenTheDigestsFit) {
  const auto copied = run(digest_);
  ASSERT_TRUE(copied) << describe(copied.error());
  EXPECT_TRUE(*copied);
  EXPECT_EQ(*here_.digest_of("debian@3"), digest_);
  EXPECT_TRUE(here_.verify("debian@3", digest_, job_));
  const auto again = run(digest_);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again) << "it was there";
}

TEST_F(ImageCopyTest, GoesOnWhereTheLineBroke) {
  source_.parts_left = 6;
  const auto broken = run(digest_);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::kUnavailable);
  EXPECT_FALSE(is_there());
  const std::size_t before = source_.fetched;
  source_.parts_left = ~std::size_t{0};
  ASSERT_TRUE(run(digest_));
  const std::size_t pieces = (qcow2().size() + 9'999) / 10'000;
  EXPECT_LT(source_.fetched - before, pieces + 2) << "what was fetched is not fetched again";
  EXPECT_TRUE(is_there());
}

TEST_F(ImageCopyTest, WaitsForItsTurnAndEndsWhenItIsNotWanted) {
  source_.busy = 2;
  EXPECT_TRUE(run(digest_));
  std::filesystem::remove_all(dir_ / "here/debian@3");
  source_.busy = 1'000'000;
  std::jthread later([this] { job_.cancel(); });
  const auto ended = run(digest_);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::kCancelled);
}

TEST_F(ImageCopyTest, AManifestThatTheCatalogueDoesNotKnowIsRefused) {
  EXPECT_THAT(problem(std::string(64, 'a')), HasSubstr("not the one that the catalogue knows"));
  EXPECT_FALSE(is_there());
}

TEST_F(ImageCopyTest, AHostThatLiesAboutAFileGetsNothingUsed) {
  bool lie = true;
  source_.change = [&lie](const std::string& file, ImagePartBytes& part) {
    if (lie && file == "disk.qcow2" && !part.bytes.empty()) part.bytes.back() ^= 1;
  };
  EXPECT_THAT(problem(digest_), HasSubstr("does not have the digest"));
  EXPECT_FALSE(is_there());
  lie = false;
  EXPECT_TRUE(run(digest_)) << "from the beginning: what was wrong was thrown away";
}

TEST_F(ImageCopyTest, ClaimsAndPiecesHaveAMaximum) {
  source_.change = [](const std::string& file, ImagePartBytes& part) {
    if (file == "disk.qcow2") part.file_bytes = kMaxImageFileBytes + 1;
  };
  EXPECT_THAT(problem(digest_), HasSubstr("larger than an image's file may be"));
  source_.change = [](const std::string&, ImagePartBytes& part) { part.bytes.resize(kMaxManifestBytes + 1); };
  EXPECT_THAT(problem(digest_), HasSubstr("too large"));
}

TEST_F(ImageCopyTest, NoRoomIsSaidBeforeItIsFetched) {
  const RoomRules nothing_left{.keep_free_bytes = ~std::uint64_t{0} >> 10U};
  EXPECT_THAT(problem(digest_, nothing_left), HasSubstr("is full"));
  EXPECT_LE(source_.fetched, 2U);
}

TEST_F(ImageCopyTest, WhatIsThereAndIsNotTheOneIsReplaced) {
  dir_.write("here/debian@3/manifest.json", "{}");
  dir_.write("here/debian@3/stray", "x");
  ASSERT_TRUE(run(digest_));
  EXPECT_EQ(*here_.digest_of("debian@3"), digest_);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "here/debian@3/stray"));
}

// ---- the side that has it

TEST_F(ImageCopyTest, OnlyFilesThatTheManifestNamesAreGivenAway) {
  const auto there = dir_ / "there";
  EXPECT_TRUE(read_image_part(there, "debian@3", "disk.qcow2", 0, 100));
  EXPECT_EQ(read_image_part(there, "debian@3", "disk.qcow2", 0, 100)->bytes.size(), 100U);
  EXPECT_EQ(read_image_part(there, "debian@3", "disk.qcow2", 1U << 30U, 100)->bytes, "") << "behind the end";
  dir_.write("there/debian@3/secret", "x");
  dir_.write("there/debian/manifest.json", "{}");
  for (const auto& [ref, file] :
       std::vector<std::pair<std::string, std::string>>{{"debian@3", "secret"},
                                                        {"debian@3", "../debian@3/disk.qcow2"},
                                                        {"debian@3", "/etc/passwd"},
                                                        {"debian@3", ""},
                                                        {"debian@4", "disk.qcow2"},
                                                        {"debian", "manifest.json"},
                                                        {"../there/debian@3", "disk.qcow2"},
                                                        {"", "manifest.json"}}) {
    EXPECT_FALSE(read_image_part(there, ref, file, 0, 100)) << ref << " " << file;
  }
  EXPECT_EQ(read_image_part(there, "debian@3", "disk.qcow2", 0, ~0U)->bytes.size(), qcow2().size());
}

}  // namespace
}  // namespace tobari::vmhost
