// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/catalogue.h"

#include <algorithm>
#include <format>
#include <utility>

#include "control/pool_image.h"
#include "core/names.h"

namespace tobari::broker::control {
namespace {

bool is_live(const ImageVersion& version) {
  return version.state != ImageState::kRetired && version.state != ImageState::kFailed;
}

Result<ImageVersion> version_of(const Reader& reader, std::string_view name, std::uint32_t version) {
  auto found = reader.image_version(name, version);
  if (!found.has_value() && found.error().code == Errc::kNotFound) {
    return fail(Errc::kNotFound, std::format("the catalogue has no image {}@{}", name, version));
  }
  return found;
}

Result<Image> image_named(const Reader& reader, std::string_view name) {
  auto found = reader.image(name);
  if (!found.has_value() && found.error().code == Errc::kNotFound) {
    return fail(Errc::kNotFound, std::format("the catalogue has no image {}", name));
  }
  return found;
}

Result<void> check_count(const Reader& reader, bool new_image) {
  if (new_image) {
    TOBARI_ASSIGN(const auto images, reader.images());
    if (images.size() >= kMaxImages) {
      return fail(Errc::kExhausted, std::format("there are {} images, which is the most", images.size()));
    }
  }
  TOBARI_ASSIGN(const auto versions, reader.image_versions(""));
  const auto live = static_cast<std::size_t>(std::ranges::count_if(versions, is_live));
  if (live < kMaxLiveVersions) return {};
  return fail(Errc::kExhausted,
              std::format("there are {} versions of images, which is the most: retire old ones first", live));
}

}  // namespace

Result<ImageVersion> begin_import(Writer& writer, const NewVersion& wanted, Time now) {
  auto known = writer.image(wanted.image);
  const bool is_new = !known.has_value();
  if (is_new && known.error().code != Errc::kNotFound) return std::unexpected<Error>(known.error());
  TOBARI_TRY(check_count(writer, is_new));
  Image image = is_new ? Image{.name = wanted.image} : *std::move(known);
  if (image.newest >= kMaxImageVersion) return fail(Errc::kExhausted, "this image has had too many versions");
  ++image.newest;
  TOBARI_TRY(is_new ? writer.add_image(image) : writer.change_image(image));
  ImageVersion version{.image = image.name,
                       .version = image.newest,
                       .state = ImageState::kImporting,
                       .order = wanted.order,
                       .notes = wanted.notes,
                       .host = wanted.host.id,
                       .host_name = wanted.host.name,
                       .made_by = wanted.by,
                       .made_at = now};
  TOBARI_TRY(writer.add_image_version(version));
  TOBARI_TRY(writer.touch_hosts());
  return version;
}

Result<bool> finish_import(Writer& writer, const Imported& imported, const std::function<void(ImageVersion&)>& sign) {
  auto found = writer.image_version(imported.image, imported.version);
  if (!found.has_value()) {
    if (found.error().code == Errc::kNotFound) return false;
    return std::unexpected<Error>(found.error());
  }
  ImageVersion version = *std::move(found);
  if (version.state != ImageState::kImporting || version.host != imported.host) return false;
  version.detail = imported.detail;
  if (imported.digest.empty()) {
    version.state = ImageState::kFailed;
  } else {
    version.state = ImageState::kReady;
    version.digest = imported.digest;
    version.facts = imported.facts;
    version.detail.clear();
    sign(version);
  }
  TOBARI_TRY(writer.change_image_version(version));
  TOBARI_TRY(writer.touch_hosts());
  return true;
}

Result<ImageVersion> publish(Writer& writer, std::string_view name, std::uint32_t number, Time now) {
  TOBARI_ASSIGN(ImageVersion version, version_of(writer, name, number));
  if (version.state == ImageState::kPublished) {
    return fail(Errc::kAlreadyExists, std::format("{} is published already", version.ref()));
  }
  if (version.state != ImageState::kReady) {
    return fail(Errc::kAlreadyExists,
                std::format("{} is {}: only what is ready is published", version.ref(), to_string(version.state)));
  }
  TOBARI_ASSIGN(Image image, image_named(writer, name));
  image.published = number;
  version.published_at = now;
  TOBARI_TRY(writer.change_image_version(version));
  TOBARI_TRY(writer.change_image(image));
  version.state = ImageState::kPublished;
  return version;
}

Result<ImageVersion> roll_back(Writer& writer, std::string_view name) {
  TOBARI_ASSIGN(Image image, image_named(writer, name));
  TOBARI_ASSIGN(const auto versions, writer.image_versions(name));
  const ImageVersion* before = nullptr;
  const ImageVersion* now = nullptr;
  for (const ImageVersion& each : versions) {
    if (each.state == ImageState::kPublished) now = &each;
    const bool was_published = each.state == ImageState::kReady && each.published_at > Time{};
    if (was_published && (before == nullptr || each.published_at > before->published_at)) before = &each;
  }
  if (now == nullptr) return fail(Errc::kNotFound, std::format("no version of {} is published", name));
  if (before == nullptr) {
    return fail(Errc::kNotFound, std::format("no version of {} was published before {}", name, now->ref()));
  }
  // So that going back once more goes further back.
  ImageVersion left = *now;
  left.published_at = Time{};
  TOBARI_TRY(writer.change_image_version(left));
  image.published = before->version;
  TOBARI_TRY(writer.change_image(image));
  ImageVersion version = *before;
  version.state = ImageState::kPublished;
  return version;
}

Result<ImageVersion> retire_version(Writer& writer, std::string_view name, std::uint32_t number) {
  TOBARI_ASSIGN(ImageVersion version, version_of(writer, name, number));
  if (version.state == ImageState::kRetired) {
    return fail(Errc::kAlreadyExists, std::format("{} is retired already", version.ref()));
  }
  if (version.state == ImageState::kPublished) {
    return fail(Errc::kAlreadyExists,
                std::format("{} is published: publish another version, or roll back, first", version.ref()));
  }
  TOBARI_ASSIGN(const auto pools, pools_pinned_to(writer, version.ref()));
  if (!pools.empty()) {
    return fail(Errc::kAlreadyExists,
                std::format("pool {} is pinned to {}: unpin it first", pools.front(), version.ref()));
  }
  version.state = ImageState::kRetired;
  version.published_at = Time{};
  TOBARI_TRY(writer.change_image_version(version));
  TOBARI_TRY(writer.touch_hosts());
  return version;
}

Result<ImageVersion> ask_to_verify(Writer& writer, std::string_view name, std::uint32_t number) {
  TOBARI_ASSIGN(ImageVersion version, version_of(writer, name, number));
  if (version.digest.empty() || !is_live(version)) {
    return fail(Errc::kAlreadyExists,
                std::format("{} is {}: there is nothing to verify", version.ref(), to_string(version.state)));
  }
  ++version.verify;
  TOBARI_TRY(writer.change_image_version(version));
  TOBARI_TRY(writer.touch_hosts());
  return version;
}

Result<std::vector<std::string>> pools_pinned_to(const Reader& reader, std::string_view ref) {
  TOBARI_ASSIGN(const auto pools, reader.pools());
  std::vector<std::string> names;
  for (const Pool& pool : pools) {
    if (pool.image == ref) names.push_back(pool.name);
  }
  return names;
}

Result<Pool> pinned(const Reader& reader, Pool pool, std::string_view name, std::uint32_t version) {
  TOBARI_ASSIGN(pool.image, image_of(reader, ImageRef{std::string(name), version}.str()));
  return pool;
}

Result<Pool> unpinned(const Reader& reader, Pool pool) {
  const auto ref = parse_image_ref(pool.image);
  if (!ref.has_value() || ref->version == 0) {
    return fail(Errc::kAlreadyExists, std::format("pool {} follows what is published already", pool.name));
  }
  TOBARI_TRY(image_of(reader, ref->name));
  pool.image = ref->name;
  return pool;
}

}  // namespace tobari::broker::control
