// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/pool_image.h"

#include <format>
#include <map>
#include <utility>

#include "core/names.h"

namespace tobari::broker::control {

Result<std::string> image_of(const Reader& reader, std::string_view wanted) {
  const auto ref = parse_image_ref(wanted);
  if (!ref.has_value()) return fail(Errc::kInvalidArgument, "an image is named NAME or NAME@VERSION");
  if (ref->version == 0) {
    const auto image = reader.image(ref->name);
    if (!image.has_value() && image.error().code == Errc::kNotFound) return ref->name;
    TOBARI_TRY(image);
    if (image->published == 0) {
      return fail(Errc::kNotFound,
                  std::format("no version of image {0} is published: tobari images publish {0}@VERSION", ref->name));
    }
    return ImageRef{ref->name, image->published}.str();
  }
  const auto version = reader.image_version(ref->name, ref->version);
  if (!version.has_value() && version.error().code == Errc::kNotFound) {
    return fail(Errc::kNotFound, std::format("the catalogue has no image {}", wanted));
  }
  TOBARI_TRY(version);
  if (version->state != ImageState::kReady && version->state != ImageState::kPublished) {
    return fail(Errc::kInvalidArgument,
                std::format("nothing is made from image {}: it is {}", wanted, to_string(version->state)));
  }
  return ref->str();
}

Result<std::vector<Pool>> pools_as_made(const Reader& reader) {
  TOBARI_ASSIGN(auto pools, reader.pools());
  TOBARI_TRY(resolve_images(reader, pools));
  return pools;
}

Result<void> resolve_images(const Reader& reader, std::vector<Pool>& pools) {
  std::map<std::string, std::string> known;  // what is made of each; empty: nothing
  for (Pool& pool : pools) {
    if (pool.image.empty()) continue;  // a manual one
    auto at = known.find(pool.image);
    if (at == known.end()) {
      auto image = image_of(reader, pool.image);
      if (!image.has_value() && image.error().code != Errc::kNotFound && image.error().code != Errc::kInvalidArgument) {
        return std::unexpected<Error>(std::move(image).error());
      }
      at = known.emplace(pool.image, image.has_value() ? *std::move(image) : std::string()).first;
    }
    pool.image = at->second;
  }
  std::erase_if(pools, [](const Pool& pool) { return pool.image.empty(); });
  return {};
}

}  // namespace tobari::broker::control
