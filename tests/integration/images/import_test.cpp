// SPDX-License-Identifier: GPL-3.0-or-later
// The real qemu-img in its confinement: one disk in every format comes out the same, and nothing hostile comes through.
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "disk_files.h"
#include "host/files.h"
#include "images/image_import.h"
#include "images/qemu_img_converter.h"
#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace disk_files;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kDiskBytes = 24 * kMebi;

class RealImportTest : public ::testing::Test {
 protected:
  RealImportTest() {
    for (const char* folder : {"images", "imports"}) {
      std::filesystem::create_directory(dir_ / folder);
      ::chmod((dir_ / folder).c_str(), 0755);
    }
    QemuImgConverter::Options options;
    if (::geteuid() == 0) options.user = 1'999'999'999;
    converter_.emplace(options);
    make_disk();
  }
  // A boot sector, and something to be found again here and there.
  void make_disk() {
    std::string bytes(static_cast<std::size_t>(kDiskBytes), '\0');
    for (std::size_t at = 0; at + 4096 < bytes.size(); at += 3 * kMebi) {
      for (std::size_t i = 0; i < 4096; ++i) bytes[at + i] = static_cast<char>((at / 7 + i * 13) & 0xffU);
    }
    bytes.replace(510, 2, "\x55\xaa");
    dir_.write("imports/disk.raw", bytes);
  }
  void shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }
  std::string source(const std::string& name) const { return (dir_ / ("imports/" + name)).string(); }
  void convert(const std::string& name, const std::string& options) {
    shell(std::format("qemu-img convert -q -f raw {} {} {}", options, source("disk.raw"), source(name)));
  }
  Result<wire::ImageFacts> run(const std::string& ref, const std::string& file, const std::string& format,
                               RoomRules rules = {}) {
    ::chmod(source(file).c_str(), 0644);
    wire::ImageImport order;
    order.set_file(file);
    order.set_format(format);
    ImageImport import(ImportPlaces{dir_ / "imports", rules}, folders_, *converter_);
    return import.run(ref, order, job_);
  }
  std::string problem(const std::string& file, const std::string& format, RoomRules rules = {}) {
    const auto facts = run("broken@1", file, format, rules);
    return facts ? "none" : facts.error().message;
  }
  void expect_same(const std::string& ref) {
    const std::string disk = (dir_ / "images" / ref / "disk.qcow2").string();
    shell(std::format("qemu-img compare -q -f raw -F qcow2 {} {}", source("disk.raw"), disk));
    shell(std::format("qemu-img check -q -f qcow2 {}", disk));
  }
  // Files below images_dir that belong to no whole version.
  std::set<std::string> left() const {
    std::set<std::string> found;
    for (const auto& each : std::filesystem::recursive_directory_iterator(dir_ / "images")) {
      const std::string path = std::filesystem::relative(each.path(), dir_ / "images").string();
      if (each.is_regular_file() && path.starts_with('.')) found.insert(path);
    }
    return found;
  }

  TempDir dir_;
  const ImageFolders folders_{dir_ / "images"};
  std::optional<QemuImgConverter> converter_;
  ImageJob job_;
};

TEST_F(RealImportTest, OneDiskInEveryFormatComesOutTheSame) {
  convert("disk.qcow2", "-O qcow2");
  convert("packed.qcow2", "-c -O qcow2");
  convert("disk.vmdk", "-O vmdk");
  convert("stream.vmdk", "-O vmdk -o subformat=streamOptimized");
  convert("disk.vdi", "-O vdi");
  convert("dynamic.vhd", "-O vpc -o force_size=on");
  convert("fixed.vhd", "-O vpc -o subformat=fixed,force_size=on");
  convert("disk.vhdx", "-O vhdx");
  const std::vector<std::pair<std::string, std::string>> files{
      {"disk.raw", "raw"},    {"disk.qcow2", "qcow2"}, {"packed.qcow2", "qcow2"},
      {"disk.vmdk", "vmdk"},  {"stream.vmdk", "vmdk"}, {"disk.vdi", "vdi"},
      {"dynamic.vhd", "vhd"}, {"fixed.vhd", "vhd"},    {"disk.vhdx", "vhdx"}};
  int number = 0;
  for (const auto& [file, format] : files) {
    const std::string ref = std::format("disk@{}", ++number);
    const auto facts = run(ref, file, format);
    ASSERT_TRUE(facts) << file << ": " << describe(facts.error());
    EXPECT_EQ(facts->virtual_bytes(), kDiskBytes) << file;
    expect_same(ref);
    EXPECT_TRUE(folders_.verify(ref, *folders_.digest_of(ref), job_)) << file;
  }
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(RealImportTest, ADiskInAnArchive) {
  convert("disk.vmdk", "-O vmdk -o subformat=streamOptimized");
  const std::string disk = *read_small_file(source("disk.vmdk"), 64 * kMebi);
  dir_.write("imports/machine.ova", tar({{"machine.ovf", ovf(kDiskBytes)}, {"disk.vmdk", disk}}));
  const auto facts = run("machine@1", "machine.ova", "ova");
  ASSERT_TRUE(facts) << describe(facts.error());
  EXPECT_EQ(facts->guest(), "Debian & friends");
  expect_same("machine@1");
}

TEST_F(RealImportTest, ProgressIsSaid) {
  const auto facts = run("disk@1", "disk.raw", "raw");
  ASSERT_TRUE(facts);
  EXPECT_GE(job_.seen().permille, 900U) << "it came to the digest";
}

TEST_F(RealImportTest, NothingHostileComesThrough) {
  shell(std::format("qemu-img create -q -u -f qcow2 -F raw -b /etc/passwd {} 24M", source("backed.qcow2")));
  EXPECT_THAT(problem("backed.qcow2", "qcow2"), HasSubstr("stands on another file (/etc/passwd)"));
  shell(std::format("qemu-img create -q -f qcow2 -o data_file={},data_file_raw=on {} 24M", source("data.raw"),
                    source("split.qcow2")));
  EXPECT_THAT(problem("split.qcow2", "qcow2"), HasSubstr("in another file"));
  shell(std::format("qemu-img create -q -f vmdk -o subformat=monolithicFlat {} 24M", source("flat.vmdk")));
  EXPECT_THAT(problem("flat.vmdk", "vmdk"), HasSubstr("its data is in other files"));
  dir_.write("imports/letter.doc", std::string(102'400, 'x'));
  EXPECT_THAT(problem("letter.doc", "raw"), HasSubstr("no image of a disk"));
  convert("disk.qcow2", "-O qcow2");
  EXPECT_THAT(problem("disk.qcow2", "vmdk"), HasSubstr("of the format qcow2"));
  // Right in its header, wrong behind it.
  std::filesystem::resize_file(source("disk.qcow2"), 300'000);
  EXPECT_NE(problem("disk.qcow2", "qcow2"), "none");
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "images/broken@1"));
}

// Small in the file, large on disk: it is stopped, and nothing of it stays.
TEST_F(RealImportTest, ADiskThatRunsOutOfRoomIsStopped) {
  shell(
      std::format("head -c 64M /dev/zero | tr '\\0' 'x' > {0} && printf '\\125\\252' | "
                  "dd of={0} bs=1 seek=510 conv=notrunc status=none && qemu-img convert -q -c -f raw -O qcow2 {0} {1}",
                  source("big.raw"), source("big.qcow2")));
  EXPECT_THAT(problem("big.qcow2", "qcow2", {.quota_bytes = 16 * kMebi}), HasSubstr("quota"));
  EXPECT_THAT(left(), IsEmpty());
  converter_.emplace(QemuImgConverter::Options{.user = converter_->owner(), .most_bytes = 8 * kMebi});
  const auto facts = run("broken@1", "big.qcow2", "qcow2");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, Errc::kExhausted) << describe(facts.error());
  EXPECT_THAT(left(), IsEmpty());
}

}  // namespace
}  // namespace tobari::vmhost
