// SPDX-License-Identifier: GPL-3.0-or-later
// The keeper on its loop, with a played converter and another host's folder.
#include "images/image_keeper.h"

#include <filesystem>
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "disk_files.h"
#include "host/files.h"
#include "images/fake_converter.h"
#include "images/fake_part_source.h"
#include "images/host_images.h"
#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace disk_files;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ImageKeeperTest : public ::testing::Test {
 protected:
  ImageKeeperTest() {
    for (const char* folder : {"images", "imports", "other", "disks", "templates"}) {
      std::filesystem::create_directory(dir_ / folder);
    }
    dir_.write("imports/disk.qcow2", qcow2().text());
    ::chmod((dir_ / "imports/disk.qcow2").c_str(), 0644);
    disk_worker_.emplace(*loop_);
    auto converter = std::make_unique<FakeConverter>();
    auto parts = std::make_unique<FakePartSource>(dir_ / "other");
    converter_ = converter.get();
    parts_ = parts.get();
    host_.emplace(HostImages::Options{.images_dir = dir_ / "images",
                                      .imports_dir = dir_ / "imports",
                                      .templates_dir = dir_ / "templates",
                                      .rules = {},
                                      .times = {.progress_every = 5ms, .storage_every = 10s, .again_first = 5ms}},
                  HostImages::Beside{*loop_, *disk_worker_, images_, disks_}, std::move(converter), std::move(parts));
    host_->keeper().set_changed([this] { check(); });
  }
  ~ImageKeeperTest() override {
    host_->stop();
    disk_worker_.reset();
    host_.reset();
    loop_->clear();
  }

  static wire::DesiredImage importing(const std::string& ref) {
    wire::DesiredImage image;
    image.set_image(ref);
    image.mutable_order()->set_file("disk.qcow2");
    image.mutable_order()->set_format("qcow2");
    return image;
  }
  static wire::DesiredImage known(const std::string& ref, const std::string& digest) {
    wire::DesiredImage image;
    image.set_image(ref);
    image.set_digest(digest);
    return image;
  }
  void want(const std::vector<wire::DesiredImage>& images) {
    wire::DesiredImages all;
    for (const wire::DesiredImage& each : images) *all.add_images() = each;
    host_->keeper().want(all);
  }
  wire::ActualImage actual(const std::string& ref) {
    wire::ActualState state;
    host_->keeper().report(state);
    for (const wire::ActualImage& image : state.images()) {
      if (image.image() == ref) return image;
    }
    return {};
  }
  void check() {
    if (until_ && (until_() || Loop::Steady::now() > late_)) loop_->stop();
  }
  // Runs the loop until it holds, ten seconds at most.
  bool reached(const std::string& ref, std::function<bool(const wire::ActualImage&)> holds) {
    return runs_until([this, ref, holds = std::move(holds)] { return holds(actual(ref)); });
  }
  bool runs_until(std::function<bool()> holds) {
    until_ = std::move(holds);
    const auto deadline = late_ = Loop::Steady::now() + 10s;
    look_ = again();
    bool held = until_();
    while (!held && Loop::Steady::now() < deadline) {
      loop_->run();
      held = until_();
    }
    until_ = {};
    return held;
  }
  // On the thread that the store belongs to.
  Result<ImageFiles> verified(const std::string& ref) {
    std::optional<Result<ImageFiles>> found;
    disk_worker_->run([this, ref] { return images_.verified(ref); },
                      [&found](Result<ImageFiles> files) { found = std::move(files); });
    EXPECT_TRUE(runs_until([&found] { return found.has_value(); }));
    return found.value_or(fail(Errc::kTimeout, "nothing came"));
  }
  bool reached(const std::string& ref, wire::ActualImage::State state) {
    return reached(ref, [state](const wire::ActualImage& image) { return image.state() == state; });
  }
  Loop::Handle again() {
    return loop_->after(20ms, [this] {
      check();
      look_ = again();
    });
  }
  // A version that another host has.
  std::string elsewhere(const std::string& ref) {
    dir_.write("other/" + ref + "/disk.qcow2", qcow2().text());
    ImageManifest manifest;
    manifest.disk = "disk.qcow2";
    manifest.sha256["disk.qcow2"] = *sha256_hex_of_file(dir_ / ("other/" + ref + "/disk.qcow2"));
    dir_.write("other/" + ref + "/manifest.json", manifest_text(manifest, "a test"));
    return *ImageFolders(dir_ / "other").digest_of(ref);
  }

  TempDir dir_;
  std::unique_ptr<Loop> loop_ = std::move(Loop::create()).value();
  ImageStore images_{dir_ / "images", dir_ / "digests"};
  DiskStore disks_{dir_ / "disks", std::nullopt};
  std::optional<Worker> disk_worker_;
  FakeConverter* converter_ = nullptr;
  FakePartSource* parts_ = nullptr;
  std::optional<HostImages> host_;
  std::function<bool()> until_;
  Loop::Steady::time_point late_;
  Loop::Handle look_;
};

TEST_F(ImageKeeperTest, ImportsAndSaysTheDigest) {
  want({importing("debian@1")});
  ASSERT_TRUE(reached("debian@1", wire::ActualImage::READY)) << actual("debian@1").detail();
  const wire::ActualImage image = actual("debian@1");
  EXPECT_EQ(image.digest(), *ImageFolders(dir_ / "images").digest_of("debian@1"));
  EXPECT_EQ(image.facts().virtual_bytes(), 64 * kMebi);
  EXPECT_FALSE(verified("debian@1")) << "the broker has not said yet that it is the one";
  want({known("debian@1", image.digest())});
  EXPECT_EQ(actual("debian@1").state(), wire::ActualImage::READY) << "nothing is done again";
  const auto files = verified("debian@1");
  EXPECT_TRUE(files) << describe(files.error());
}

TEST_F(ImageKeeperTest, AnImportThatFailsStaysFailedWithItsReason) {
  converter_->fail_with = Error{Errc::kInvalidArgument, "it is no disk", "", 0};
  want({importing("debian@1")});
  ASSERT_TRUE(reached("debian@1", wire::ActualImage::FAILED));
  EXPECT_THAT(actual("debian@1").detail(), HasSubstr("it is no disk"));
  EXPECT_EQ(converter_->conversions, 1);
}

TEST_F(ImageKeeperTest, CopiesWhatAnotherHostHasAndTriesAgainWhenNobodyDoes) {
  const std::string digest = elsewhere("debian@2");
  parts_->parts_left = 0;
  want({known("debian@2", digest)});
  ASSERT_TRUE(reached("debian@2",
                      [](const wire::ActualImage& image) { return image.detail().contains("no host that has it"); }));
  parts_->parts_left = ~std::size_t{0};
  ASSERT_TRUE(reached("debian@2", wire::ActualImage::READY)) << actual("debian@2").detail();
  EXPECT_TRUE(verified("debian@2"));
}

TEST_F(ImageKeeperTest, WhatWasChangedLaterIsFoundAndNotUsed) {
  const std::string digest = elsewhere("debian@2");
  auto wanted = known("debian@2", digest);
  want({wanted});
  ASSERT_TRUE(reached("debian@2", wire::ActualImage::READY));
  dir_.write("images/debian@2/disk.qcow2", "other bytes");
  parts_->parts_left = 0;
  wanted.set_verify(1);
  want({wanted});
  ASSERT_TRUE(reached("debian@2", [](const wire::ActualImage& image) {
    return image.state() == wire::ActualImage::FAILED && image.detail().contains("was changed on disk; no host");
  }));
  EXPECT_EQ(actual("debian@2").verified(), 1U);
  EXPECT_FALSE(verified("debian@2"));
  // And it is made good as soon as another host can be asked.
  parts_->parts_left = ~std::size_t{0};
  ASSERT_TRUE(reached("debian@2", wire::ActualImage::READY));
  EXPECT_TRUE(verified("debian@2"));
}

TEST_F(ImageKeeperTest, WhatIsRetiredGoesWhenNothingStandsOnIt) {
  const std::string digest = elsewhere("debian@2");
  auto wanted = known("debian@2", digest);
  want({wanted});
  ASSERT_TRUE(reached("debian@2", wire::ActualImage::READY));
  // A desktop's disk, as far as its header goes.
  SparseFile overlay = qcow2();
  const std::string base = (dir_ / "images/debian@2/disk.qcow2").string();
  overlay.put_big(8, 512, 8);
  overlay.put_big(16, base.size(), 4);
  overlay.put_big(104, 0xe2792aca, 4);
  overlay.put_big(108, 5, 4);
  overlay.put(112, "qcow2");
  overlay.put(512, base);
  dir_.write("disks/11111111-2222-4333-8444-555555555555.qcow2", overlay.text());
  wanted.set_retired(true);
  want({wanted});
  ASSERT_TRUE(
      reached("debian@2", [](const wire::ActualImage& image) { return image.detail().contains("still here"); }));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "images/debian@2"));
  std::filesystem::remove(dir_ / "disks/11111111-2222-4333-8444-555555555555.qcow2");
  ASSERT_TRUE(reached("debian@2", wire::ActualImage::GONE));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "images/debian@2"));
}

TEST_F(ImageKeeperTest, WhatIsNotNamedStaysAndWhatIsMalformedIsLeftAlone) {
  want({known("debian@2", elsewhere("debian@2"))});
  ASSERT_TRUE(reached("debian@2", wire::ActualImage::READY));
  want({known("../evil@1", std::string(64, 'a')), known("debian", std::string(64, 'a')), known("debian@9", "short")});
  wire::ActualState state;
  host_->keeper().report(state);
  EXPECT_EQ(state.images_size(), 0);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "images/debian@2"));
}

TEST_F(ImageKeeperTest, SaysHowFullItsDisksAre) {
  ASSERT_TRUE(reached("", [this](const wire::ActualImage&) {
    wire::ActualState state;
    host_->keeper().report(state);
    return state.storage().has_images();
  }));
  wire::ActualState state;
  host_->keeper().report(state);
  EXPECT_GT(state.storage().images().capacity(), 0U);
  EXPECT_EQ(state.storage().disks().no_room(), "");
}

TEST_F(ImageKeeperTest, AnImageForContainersIsKeptForOthersWhereNoneRun) {
  dir_.write("other/light@1/root.tar", "an archive");
  ImageManifest manifest;
  manifest.machine = MachineKind::kContainer;
  manifest.root = "root.tar";
  manifest.sha256["root.tar"] = *sha256_hex_of_file(dir_ / "other/light@1/root.tar");
  dir_.write("other/light@1/manifest.json", manifest_text(manifest, "a test"));
  want({known("light@1", *ImageFolders(dir_ / "other").digest_of("light@1")), known("desk@1", elsewhere("desk@1"))});
  ASSERT_TRUE(reached("light@1", wire::ActualImage::READY));
  EXPECT_TRUE(actual("light@1").elsewhere());
  ASSERT_TRUE(reached("desk@1", wire::ActualImage::READY));
  EXPECT_FALSE(actual("desk@1").elsewhere());
}

}  // namespace
}  // namespace tobari::vmhost
