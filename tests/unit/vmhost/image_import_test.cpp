// SPDX-License-Identifier: GPL-3.0-or-later
// Imports with a played converter: what is made, and that nothing half-made is left whatever fails.
#include "images/image_import.h"

#include <filesystem>
#include <format>
#include <set>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "disk_files.h"
#include "host/files.h"
#include "images/fake_converter.h"
#include "images/source_file.h"
#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace disk_files;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ImageImportTest : public ::testing::Test {
 protected:
  ImageImportTest() {
    for (const char* folder : {"images", "imports"}) std::filesystem::create_directory(dir_ / folder);
    put("disk.qcow2", qcow2().text());
  }
  void put(const std::string& name, const std::string& text) {
    dir_.write("imports/" + name, text);
    ASSERT_EQ(::chmod((dir_ / ("imports/" + name)).c_str(), 0644), 0);
  }
  static wire::ImageImport order(const std::string& file, const std::string& format) {
    wire::ImageImport order;
    order.set_file(file);
    order.set_format(format);
    return order;
  }
  Result<wire::ImageFacts> run(const wire::ImageImport& wanted, RoomRules rules = {}) {
    ImageImport import(ImportPlaces{dir_ / "imports", rules}, folders_, converter_);
    return import.run("debian@1", wanted, job_);
  }
  // Everything below images_dir that is not a whole version.
  std::set<std::string> left() const {
    std::set<std::string> found;
    for (const auto& each : std::filesystem::recursive_directory_iterator(dir_ / "images")) {
      const std::string path = std::filesystem::relative(each.path(), dir_ / "images").string();
      if (each.is_regular_file()) found.insert(path);
    }
    return found;
  }
  std::string problem(const wire::ImageImport& wanted, RoomRules rules = {}) {
    const auto facts = run(wanted, rules);
    return facts ? "none" : facts.error().message;
  }

  TempDir dir_;
  const ImageFolders folders_{dir_ / "images"};
  FakeConverter converter_;
  ImageJob job_;
};

TEST_F(ImageImportTest, MakesAVersionThatHostsCanUse) {
  auto wanted = order("disk.qcow2", "qcow2");
  wanted.set_firmware("uefi");
  wanted.set_agent(true);
  wanted.set_min_memory_mib(2048);
  const auto facts = run(wanted);
  ASSERT_TRUE(facts) << describe(facts.error());
  EXPECT_EQ(facts->virtual_bytes(), 64 * kMebi);
  EXPECT_EQ(facts->firmware(), "uefi");
  EXPECT_EQ(facts->devices(), "full") << "a system that nobody knows";
  EXPECT_TRUE(facts->agent());
  EXPECT_EQ(facts->format(), "qcow2");
  EXPECT_EQ(left(), (std::set<std::string>{"debian@1/disk.qcow2", "debian@1/manifest.json"}));
  const auto manifest = parse_manifest(*read_small_file(dir_ / "images/debian@1/manifest.json", kMaxManifestBytes));
  ASSERT_TRUE(manifest) << describe(manifest.error());
  EXPECT_EQ(manifest->kernel, "");
  EXPECT_EQ(manifest->firmware, Firmware::kUefi);
  EXPECT_EQ(manifest->min_memory_mib, 2048U);
  EXPECT_EQ(manifest->sha256.at("disk.qcow2"), *sha256_hex_of_file(dir_ / "images/debian@1/disk.qcow2"));
  struct stat info{};
  ASSERT_EQ(::stat((dir_ / "images/debian@1/disk.qcow2").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0644U);
}

TEST_F(ImageImportTest, TheSameAgainIsDoneAlready) {
  ASSERT_TRUE(run(order("disk.qcow2", "qcow2")));
  const std::string digest = *folders_.digest_of("debian@1");
  ASSERT_TRUE(run(order("disk.qcow2", "qcow2")));
  EXPECT_EQ(converter_.conversions, 1) << "a crash after it was made costs nothing";
  EXPECT_EQ(*folders_.digest_of("debian@1"), digest);
}

TEST_F(ImageImportTest, ALieAboutTheSizeIsFoundAfterwardsToo) {
  converter_.lie_about_size = 32 * kMebi;
  EXPECT_THAT(problem(order("disk.qcow2", "qcow2")), HasSubstr("lies about its size"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ImageImportTest, AFailureLeavesNothing) {
  converter_.fail_with = Error{Errc::kExhausted, "the disk is full", "", 0};
  const auto facts = run(order("disk.qcow2", "qcow2"));
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, Errc::kExhausted);
  EXPECT_THAT(left(), IsEmpty());
  converter_.fail_with.reset();
  EXPECT_TRUE(run(order("disk.qcow2", "qcow2"))) << "when there is room again";
}

TEST_F(ImageImportTest, WhatAnEarlierLifeLeftIsCleanedUp) {
  dir_.write("images/.importing/debian@1/work/disk.qcow2", "half");
  dir_.write("images/.removed/old@1/disk.qcow2", "half");
  dir_.write("images/.copying/other@2/disk.qcow2", "half");
  ASSERT_TRUE(folders_.clean_up());
  EXPECT_EQ(left(), std::set<std::string>{".copying/other@2/disk.qcow2"}) << "copies are gone on with";
  dir_.write("images/.importing/debian@1/work/disk.qcow2", "half");
  EXPECT_TRUE(run(order("disk.qcow2", "qcow2"))) << "and a new one begins anew";
}

TEST_F(ImageImportTest, CancelledInTheMiddleItLeavesNothing) {
  job_.cancel();
  const auto facts = run(order("disk.qcow2", "qcow2"));
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, Errc::kCancelled);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ImageImportTest, NoRoomIsSaidBeforeAnythingIsWritten) {
  const RoomRules nothing_left{.keep_free_bytes = ~std::uint64_t{0} >> 10U};
  EXPECT_THAT(problem(order("disk.qcow2", "qcow2"), nothing_left), HasSubstr("is full"));
  EXPECT_EQ(converter_.conversions, 0);
  dir_.write("images/other@1/disk.qcow2", std::string(128 * 1024, 'x'));
  EXPECT_THAT(problem(order("disk.qcow2", "qcow2"), {.quota_bytes = 64 * 1024}), HasSubstr("quota"));
  EXPECT_EQ(converter_.conversions, 0);
}

TEST_F(ImageImportTest, SourcesAreFilesOfTheImportsFolderOnly) {
  for (const char* name : {"../images/x", "/etc/passwd", ".hidden", "", "a/b"}) {
    EXPECT_THAT(problem(order(name, "raw")), HasSubstr("without folders")) << name;
  }
  EXPECT_THAT(problem(order("absent", "raw")), HasSubstr("there is no file"));
  std::filesystem::create_symlink("/etc/passwd", dir_ / "imports/link");
  EXPECT_THAT(problem(order("link", "raw")), HasSubstr("is a link"));
  std::filesystem::create_directory(dir_ / "imports/folder");
  EXPECT_THAT(problem(order("folder", "raw")), HasSubstr("no plain file"));
  ASSERT_EQ(::mkfifo((dir_ / "imports/pipe").c_str(), 0600), 0);
  EXPECT_THAT(problem(order("pipe", "raw")), HasSubstr("no plain file")) << "and nobody waits for it";
  ASSERT_EQ(::chmod((dir_ / "imports/disk.qcow2").c_str(), 0666), 0);
  EXPECT_THAT(problem(order("disk.qcow2", "qcow2")), HasSubstr("others may write"));
}

TEST_F(ImageImportTest, ForeignBackingFilesNeverReachTheConverter) {
  SparseFile cow = qcow2();
  cow.put_big(8, 512, 8);
  cow.put_big(16, 11, 4);
  cow.put(512, "/etc/shadow");
  put("cow.qcow2", cow.text());
  EXPECT_THAT(problem(order("cow.qcow2", "qcow2")), HasSubstr("cow.qcow2: the disk stands on another file"));
  EXPECT_EQ(converter_.conversions, 0);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ImageImportTest, AnOvaBringsWhatItsMachineNeeds) {
  put("machine.ova", ova());
  const auto facts = run(order("machine.ova", "ova"));
  ASSERT_TRUE(facts) << describe(facts.error());
  EXPECT_EQ(facts->guest(), "Debian & friends");
  EXPECT_EQ(facts->firmware(), "uefi");
  const auto manifest = parse_manifest(*read_small_file(dir_ / "images/debian@1/manifest.json", kMaxManifestBytes));
  EXPECT_EQ(manifest->min_memory_mib, 2048U);
}

TEST_F(ImageImportTest, AnOvaWhoseDigestDoesNotFitIsRefused) {
  put("machine.ova", tar({{"m.ovf", ovf(64 * kMebi)},
                          {"m.mf", "SHA256(disk.vmdk)= " + std::string(64, 'a') + "\n"},
                          {"disk.vmdk", vmdk().text()}}));
  EXPECT_THAT(problem(order("machine.ova", "ova")), HasSubstr("does not have the digest"));
  EXPECT_EQ(converter_.conversions, 0);
}

TEST_F(ImageImportTest, AMediumComesWithAnEmptyDisk) {
  put("install.iso", iso().text());
  EXPECT_THAT(problem(order("install.iso", "iso")), HasSubstr("disk_gib"));
  auto wanted = order("install.iso", "iso");
  wanted.set_disk_gib(8);
  const auto facts = run(wanted);
  ASSERT_TRUE(facts) << describe(facts.error());
  EXPECT_EQ(facts->virtual_bytes(), std::uint64_t{8} << 30U);
  EXPECT_EQ(left(), (std::set<std::string>{"debian@1/disk.qcow2", "debian@1/manifest.json", "debian@1/medium.iso"}));
  EXPECT_EQ(*sha256_hex_of_file(dir_ / "images/debian@1/medium.iso"),
            *sha256_hex_of_file(dir_ / "imports/install.iso"));
}

TEST_F(ImageImportTest, DriversNeedAProgramThatIsNotThereAndSaysSo) {
  auto wanted = order("disk.qcow2", "qcow2");
  wanted.set_drivers(true);
  EXPECT_THAT(problem(wanted), HasSubstr("virt-v2v"));
  EXPECT_THAT(left(), IsEmpty());
  wanted.set_devices("full");
  EXPECT_THAT(problem(wanted), HasSubstr("drivers are for paravirtualized"));
}

TEST_F(ImageImportTest, AnImageOfTobarisOwnIsTakenWithItsDigests) {
  put("own/disk.qcow2", qcow2().text());
  put("own/vmlinux", "a kernel");
  const auto sum = [this](const char* file) {
    return *sha256_hex_of_file(dir_ / (std::string("imports/own/") + file));
  };
  const std::string manifest = std::format(
      R"({{"kernel":"vmlinux","disk":"disk.qcow2","cmdline":"quiet","instant_clones":true,)"
      R"("agent_channel":"org.tobari.agent.0","sha256":{{"vmlinux":"{}","disk.qcow2":"{}","notes.txt":"{}"}}}})",
      sum("vmlinux"), sum("disk.qcow2"), std::string(64, '0'));
  put("own/manifest.json", manifest);
  const auto facts = run(order("own", "tobari"));
  ASSERT_TRUE(facts) << describe(facts.error());
  EXPECT_TRUE(facts->instant_clones());
  EXPECT_EQ(facts->firmware(), "kernel");
  EXPECT_EQ(converter_.conversions, 0);
  EXPECT_EQ(left(), (std::set<std::string>{"debian@1/disk.qcow2", "debian@1/manifest.json", "debian@1/vmlinux"}));
  ASSERT_TRUE(folders_.remove("debian@1"));
  put("own/vmlinux", "another kernel");
  EXPECT_THAT(problem(order("own", "tobari")), HasSubstr("vmlinux does not have the digest"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ImageImportTest, VerifyingFindsWhatWasChanged) {
  ASSERT_TRUE(run(order("disk.qcow2", "qcow2")));
  const std::string digest = *folders_.digest_of("debian@1");
  EXPECT_TRUE(folders_.verify("debian@1", digest, job_));
  EXPECT_THAT(folders_.verify("debian@1", std::string(64, '0'), job_).error().message, HasSubstr("manifest"));
  dir_.write("images/debian@1/disk.qcow2", "other bytes");
  EXPECT_THAT(folders_.verify("debian@1", digest, job_).error().message, HasSubstr("disk.qcow2 was changed"));
}

}  // namespace
}  // namespace tobari::vmhost
