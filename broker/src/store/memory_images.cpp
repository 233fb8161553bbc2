// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "store/memory_select.h"
#include "store/memory_tables.h"

namespace tobari::broker {

using namespace memory;

namespace {

bool has_user_and_stays(const Desktop& desktop) { return !desktop.user.empty() && desktop.power != Power::kDeleted; }

// What is stored of a state; that a version is published is its image's to say.
ImageState stored_state(ImageState state) { return state == ImageState::kPublished ? ImageState::kReady : state; }

}  // namespace

Result<Image> MemoryTables::image(std::string_view name) const { return find_in(*images_, std::string(name), "image"); }

Result<std::vector<Image>> MemoryTables::images() const { return by_name(select<Image>(*images_, kAll)); }

ImageVersion MemoryTables::with_state(ImageVersion version) const {
  const auto of = images_->find(version.image);
  const bool published = of != images_->end() && of->second.published == version.version;
  if (published && version.state == ImageState::kReady) version.state = ImageState::kPublished;
  return version;
}

Result<ImageVersion> MemoryTables::image_version(std::string_view name, std::uint32_t version) const {
  auto found = find_in(*versions_, std::pair(std::string(name), version), "version of an image");
  if (found.has_value()) *found = with_state(std::move(*found));
  return found;
}

Result<std::vector<ImageVersion>> MemoryTables::image_versions(std::string_view name) const {
  auto found =
      select<ImageVersion>(*versions_, [name](const ImageVersion& each) { return name.empty() || each.image == name; });
  for (ImageVersion& each : found) each = with_state(std::move(each));
  std::ranges::sort(found, [](const ImageVersion& a, const ImageVersion& b) {
    return a.image != b.image ? a.image < b.image : a.version > b.version;
  });
  return found;
}

Result<std::uint64_t> MemoryTables::desktops_from_image(std::string_view image) const {
  return static_cast<std::uint64_t>(std::ranges::count_if(*desktops_, [image](const auto& each) {
    return each.second.image == image && each.second.power != Power::kDeleted;
  }));
}

Result<std::vector<Desktop>> MemoryTables::desktops_to_renew(const PoolId& pool, std::string_view image,
                                                             std::size_t limit) const {
  auto found = named(select<Desktop>(*desktops_, [&pool, image](const Desktop& each) {
    return each.pool == pool && has_user_and_stays(each) && each.power == Power::kOff && each.rest == Rest::kStopped &&
           each.image != image;
  }));
  if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  return found;
}

Result<void> MemoryTables::renew_desktop(const DesktopId& id, std::uint64_t epoch, std::string_view image) {
  const auto now = find_in(*desktops_, id, "desktop of this epoch");
  if (!now.has_value() || now->epoch != epoch || now->power == Power::kDeleted) return missing("desktop of this epoch");
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->image = std::string(image);
  desktop->power = Power::kOff;
  ++desktop->disk;
  ++desktop->epoch;
  return {};
}

Result<void> MemoryTables::touch_hosts() {
  for (auto& [id, host] : hosts_.change()) ++host.revision;
  return {};
}

Result<void> MemoryTables::add_image(const Image& image) {
  if (!images_.change().emplace(image.name, image).second) return taken("the image exists");
  return {};
}

Result<void> MemoryTables::change_image(const Image& image) {
  const auto at = images_.change().find(image.name);
  if (at == images_->end()) return missing("image");
  at->second = image;
  return {};
}

Result<void> MemoryTables::add_image_version(const ImageVersion& version) {
  if (!images_->contains(version.image)) return taken("the version's image does not exist");
  ImageVersion kept = version;
  kept.state = stored_state(version.state);
  if (!versions_.change().emplace(std::pair(version.image, version.version), kept).second) {
    return taken("the version exists");
  }
  return {};
}

Result<void> MemoryTables::change_image_version(const ImageVersion& version) {
  const auto at = versions_.change().find(std::pair(version.image, version.version));
  if (at == versions_->end()) return missing("version of an image");
  ImageVersion& kept = at->second;
  kept.state = stored_state(version.state);
  kept.digest = version.digest;
  kept.signature = version.signature;
  kept.signed_by = version.signed_by;
  kept.facts = version.facts;
  kept.notes = version.notes;
  kept.published_at = version.published_at;
  kept.detail = version.detail;
  kept.verify = version.verify;
  return {};
}

}  // namespace tobari::broker
