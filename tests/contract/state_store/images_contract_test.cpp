// SPDX-License-Identifier: GPL-3.0-or-later
// What the catalogue of images asks of every StateStore.
#include "contract.h"

namespace tobari::broker {
namespace {

using namespace samples;
using ::testing::ElementsAre;

ImageVersion version_of(const std::string& image, std::uint32_t number, const Node& host) {
  return {.image = image,
          .version = number,
          .state = ImageState::kImporting,
          .order = {.file = "win 11.vmdk", .format = "vmdk", .devices = "full", .min_memory_mib = 4096},
          .notes = "from the old house",
          .host = host.id,
          .host_name = host.name,
          .made_by = "alice",
          .made_at = kNow};
}

TEST_P(PoolsContract, KeepsAnImageAndItsVersionsAsTheyWereGiven) {
  ImageVersion first = version_of("debian", 1, host_);
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_image({.name = "debian", .notes = "a desk", .published = 0, .newest = 1}));
    return w.add_image_version(first);
  });
  ImageVersion kept = get([](const Reader& r) { return r.image_version("debian", 1); });
  EXPECT_EQ(kept.ref(), "debian@1");
  EXPECT_EQ(kept.state, ImageState::kImporting);
  EXPECT_EQ(kept.order, first.order);
  EXPECT_EQ(kept.host, host_.id);
  EXPECT_EQ(kept.host_name, "host-1");
  EXPECT_EQ(kept.made_by, "alice");
  EXPECT_EQ(kept.made_at, kNow);
  EXPECT_EQ(kept.published_at, Time{});
  kept.state = ImageState::kReady;
  kept.digest = std::string(64, 'd');
  kept.signature = std::string(128, 'e');
  kept.signed_by = std::string(64, 'f');
  kept.facts = {.format = "vmdk", .firmware = "uefi", .guest = "Windows", .virtual_bytes = std::uint64_t{1} << 45U};
  kept.published_at = kNow + std::chrono::seconds(5);
  kept.detail = "none";
  kept.verify = 3;
  done([&](Writer& w) { return w.change_image_version(kept); });
  const ImageVersion after = get([](const Reader& r) { return r.image_version("debian", 1); });
  EXPECT_EQ(after.state, ImageState::kReady);
  EXPECT_EQ(after.digest, kept.digest);
  EXPECT_EQ(after.signature, kept.signature);
  EXPECT_EQ(after.signed_by, kept.signed_by);
  EXPECT_EQ(after.facts, kept.facts);
  EXPECT_EQ(after.published_at, kept.published_at);
  EXPECT_EQ(after.verify, 3U);
}

TEST_P(PoolsContract, WhichVersionIsPublishedIsSaidOnce) {
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_image({.name = "debian", .newest = 2}));
    for (const std::uint32_t number : {1U, 2U}) {
      ImageVersion version = version_of("debian", number, host_);
      version.state = ImageState::kReady;
      TOBARI_TRY(w.add_image_version(version));
    }
    return w.change_image({.name = "debian", .published = 1, .newest = 2});
  });
  const auto versions = get([](const Reader& r) { return r.image_versions("debian"); });
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0].version, 2U) << "the newest first";
  EXPECT_EQ(versions[0].state, ImageState::kReady);
  EXPECT_EQ(versions[1].state, ImageState::kPublished);
  // Kept as what was read: it is the image that says which one is published.
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.change_image_version(versions[1]));
    return w.change_image({.name = "debian", .published = 2, .newest = 2});
  });
  EXPECT_EQ(get([](const Reader& r) { return r.image_version("debian", 1); }).state, ImageState::kReady);
  EXPECT_EQ(get([](const Reader& r) { return r.image_version("debian", 2); }).state, ImageState::kPublished);
}

TEST_P(PoolsContract, ImagesAreByNameAndEachNumberIsOnce) {
  done([&](Writer& w) -> Result<void> {
    for (const char* name : {"windows", "debian"}) {
      TOBARI_TRY(w.add_image({.name = name, .newest = 1}));
      TOBARI_TRY(w.add_image_version(version_of(name, 1, host_)));
    }
    return {};
  });
  std::vector<std::string> names;
  for (const Image& image : get([](const Reader& r) { return r.images(); })) names.push_back(image.name);
  EXPECT_THAT(names, ElementsAre("debian", "windows"));
  std::vector<std::string> refs;
  for (const ImageVersion& each : get([](const Reader& r) { return r.image_versions(""); })) refs.push_back(each.ref());
  EXPECT_THAT(refs, ElementsAre("debian@1", "windows@1"));
  EXPECT_EQ(refusal([](Writer& w) { return w.add_image({.name = "debian"}); }), Errc::kAlreadyExists);
  EXPECT_EQ(refusal([&](Writer& w) { return w.add_image_version(version_of("debian", 1, host_)); }),
            Errc::kAlreadyExists);
  EXPECT_EQ(refusal([&](Writer& w) { return w.add_image_version(version_of("beos", 1, host_)); }), Errc::kAlreadyExists)
      << "of no image";
  EXPECT_EQ(refusal([](Writer& w) { return w.change_image({.name = "beos"}); }), Errc::kNotFound);
  EXPECT_EQ(refusal([&](Writer& w) { return w.change_image_version(version_of("debian", 9, host_)); }),
            Errc::kNotFound);
  EXPECT_EQ(store_->get([](const Reader& r) { return r.image("beos"); }).error().code, Errc::kNotFound);
  EXPECT_EQ(store_->get([](const Reader& r) { return r.image_version("debian", 2); }).error().code, Errc::kNotFound);
}

TEST_P(PoolsContract, ADesktopIsMadeAnewByCompareAndSet) {
  Desktop mine = pooled(office_, host_, "d1", alice_);
  mine.image = "debian@1";
  mine.power = Power::kOff;
  Desktop on = pooled(office_, host_, "d2", bob_);
  on.image = "debian@1";
  Desktop spare = pooled(office_, host_, "d3");
  spare.image = "debian@1";
  spare.power = Power::kOff;
  done([&](Writer& w) -> Result<void> {
    for (const Desktop* each : {&mine, &on, &spare}) TOBARI_TRY(w.add_desktop(*each));
    return {};
  });
  EXPECT_EQ(get([](const Reader& r) { return r.desktops_from_image("debian@1"); }), 3U);
  const auto due = get([this](const Reader& r) { return r.desktops_to_renew(office_.id, "debian@2", 10); });
  ASSERT_EQ(due.size(), 1U) << "of a user, and off";
  EXPECT_EQ(due[0].id, mine.id);
  EXPECT_TRUE(get([this](const Reader& r) { return r.desktops_to_renew(office_.id, "debian@1", 10); }).empty());
  const std::uint64_t before = revision();
  EXPECT_EQ(refusal([&](Writer& w) { return w.renew_desktop(mine.id, 7, "debian@2"); }), Errc::kNotFound);
  done([&](Writer& w) { return w.renew_desktop(mine.id, 1, "debian@2"); });
  const Desktop after = get([&](const Reader& r) { return r.desktop(mine.id); });
  EXPECT_EQ(after.image, "debian@2");
  EXPECT_EQ(after.disk, 1U);
  EXPECT_EQ(after.epoch, 2U);
  EXPECT_EQ(after.power, Power::kOff);
  EXPECT_EQ(after.user, alice_.id);
  EXPECT_GT(revision(), before);
  EXPECT_EQ(get([](const Reader& r) { return r.desktops_from_image("debian@1"); }), 2U);
}

TEST_P(PoolsContract, APoolSaysWhatBecomesOfItsDesktopsWhenItsImageIsNewer) {
  EXPECT_EQ(get([this](const Reader& r) { return r.pool(office_.id); }).renewal, Renewal::kKeep);
  Pool changed = office_;
  changed.renewal = Renewal::kAtLogOff;
  done([&](Writer& w) { return w.change_pool(changed); });
  EXPECT_EQ(get([this](const Reader& r) { return r.pool(office_.id); }).renewal, Renewal::kAtLogOff);
  Pool other = pool("lab", PoolKind::kDedicated);
  other.renewal = Renewal::kAtLogOff;
  done([&](Writer& w) { return w.add_pool(other); });
  EXPECT_EQ(get([&](const Reader& r) { return r.pool(other.id); }).renewal, Renewal::kAtLogOff);
}

TEST_P(PoolsContract, AChangeOfTheCatalogueRaisesEveryHostsRevision) {
  const auto revisions = [this] {
    return std::pair(get([this](const Reader& r) { return r.host(host_.id); }).revision,
                     get([this](const Reader& r) { return r.host(other_.id); }).revision);
  };
  const auto before = revisions();
  done([](Writer& w) { return w.touch_hosts(); });
  EXPECT_GT(revisions().first, before.first);
  EXPECT_GT(revisions().second, before.second);
}

}  // namespace
}  // namespace tobari::broker
