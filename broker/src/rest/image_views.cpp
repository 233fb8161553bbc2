// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/image_views.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "control/catalogue.h"
#include "core/image_signature.h"
#include "core/image_text.h"
#include "core/names.h"

namespace tobari::broker {
namespace {

const char* image_state_word(wire::ActualImage::State state) {
  switch (state) {
    case wire::ActualImage::IMPORTING:
      return "importing";
    case wire::ActualImage::COPYING:
      return "copying";
    case wire::ActualImage::READY:
      return "ready";
    case wire::ActualImage::FAILED:
      return "failed";
    case wire::ActualImage::GONE:
      return "gone";
    default:
      return "waiting";
  }
}

ImageView on_host_view(const ImageOnHost& there, const std::vector<Node>& nodes) {
  const auto node = std::ranges::find(nodes, there.host, &Node::id);
  ImageView object{{"host", node == nodes.end() ? there.host.str() : node->name},
                   {"state", image_state_word(there.state)}};
  if (!there.detail.empty()) object["detail"] = there.detail;
  if (there.permille != 0) object["progress"] = there.permille / 10.0;
  if (there.verified != 0) object["verified"] = there.verified;
  return object;
}

std::vector<ImageOnHost> on_hosts(const Api& api, const std::string& ref) {
  return api.images == nullptr ? std::vector<ImageOnHost>() : api.images->where(ref);
}

// With what hosts say, and what hangs on it.
Result<ImageView> whole_view(const Api& api, const Reader& reader, const ImageVersion& version) {
  ImageView object = view(version);
  TOBARI_ASSIGN(const auto nodes, reader.nodes());
  auto hosts = ImageView::array();
  for (const ImageOnHost& there : on_hosts(api, version.ref())) {
    hosts.push_back(on_host_view(there, nodes));
    const bool importing = version.state == ImageState::kImporting && there.host == version.host;
    if (importing) object["progress"] = there.permille / 10.0;
  }
  object["hosts"] = std::move(hosts);
  TOBARI_ASSIGN(object["pinned_pools"], control::pools_pinned_to(reader, version.ref()));
  TOBARI_ASSIGN(object["desktops"], reader.desktops_from_image(version.ref()));
  if (!version.digest.empty() && api.images != nullptr) {
    const auto genuine = verify_image(version, api.images->key());
    object["signature_holds"] = genuine.has_value();
    if (!genuine.has_value()) object["signature_problem"] = genuine.error().message;
  }
  return object;
}

}  // namespace

ImageView view(const ImageVersion& version) {
  ImageView object{{"image", version.image},
                   {"version", version.version},
                   {"state", to_string(version.state)},
                   {"source", ImageView::parse(to_text(version.order))},
                   {"notes", version.notes},
                   {"made_by", version.made_by},
                   {"made_at", format_time(version.made_at)},
                   {"imported_on", version.host_name}};
  if (!version.digest.empty()) {
    object["digest"] = version.digest;
    object["signature"] = version.signature;
    object["signed_by"] = version.signed_by;
    object["facts"] = ImageView::parse(to_text(version.facts));
  }
  if (version.published_at > Time{}) object["published_at"] = format_time(version.published_at);
  if (!version.detail.empty()) object["detail"] = version.detail;
  if (version.verify != 0) object["verify"] = version.verify;
  return object;
}

Result<ImageView> image_version_view(const Api& api, const Reader& reader, const std::string& name,
                                     std::uint32_t number) {
  TOBARI_ASSIGN(const ImageVersion version, reader.image_version(name, number));
  return whole_view(api, reader, version);
}

Result<ImageView> image_list_view(const Reader& reader) {
  TOBARI_ASSIGN(const auto images, reader.images());
  TOBARI_ASSIGN(const auto versions, reader.image_versions(""));
  auto list = ImageView::array();
  for (const Image& image : images) {
    ImageView object{{"name", image.name}};
    if (image.published != 0) object["published"] = image.published;
    object["versions"] = ImageView::array();
    for (const ImageVersion& version : versions) {
      if (version.image == image.name) object["versions"].push_back(view(version));
    }
    list.push_back(std::move(object));
  }
  return list;
}

Result<ImageView> image_view(const Api& api, const Reader& reader, const std::string& name) {
  TOBARI_ASSIGN(const Image image, reader.image(name));
  TOBARI_ASSIGN(const auto versions, reader.image_versions(name));
  ImageView object{{"name", image.name}};
  if (image.published != 0) object["published"] = image.published;
  object["versions"] = ImageView::array();
  for (const ImageVersion& version : versions) {
    TOBARI_ASSIGN(ImageView each, whole_view(api, reader, version));
    object["versions"].push_back(std::move(each));
  }
  return object;
}

}  // namespace tobari::broker
