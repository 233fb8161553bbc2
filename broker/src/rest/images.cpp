// SPDX-License-Identifier: GPL-3.0-or-later
// /images: the catalogue
#include <algorithm>
#include <format>
#include <functional>
#include <utility>

#include "control/catalogue.h"
#include "control/core.h"
#include "core/image_signature.h"
#include "core/names.h"
#include "rest/api.h"
#include "rest/idempotency.h"
#include "rest/image_bodies.h"
#include "rest/image_views.h"

namespace tobari::broker {
namespace {

struct VersionInPath {
  std::string name;
  std::uint32_t version = 0;
};

Result<std::string> name_in(const Call& call) {
  const std::string& name = call.path.find("name")->second;
  if (!is_image_name(name)) return fail(Errc::kNotFound, "there is no such image");
  return name;
}

Result<VersionInPath> version_in(const Call& call) {
  TOBARI_ASSIGN(std::string name, name_in(call));
  TOBARI_ASSIGN(const std::uint32_t version, parse_image_version(call.path.find("version")->second));
  return VersionInPath{std::move(name), version};
}

Answer answer_with(Api& api, int status, const VersionInPath& which) {
  TOBARI_ASSIGN(const auto object, api.store.get([&api, &which](const Reader& reader) {
    return image_version_view(api, reader, which.name, which.version);
  }));
  return json_response(status, object);
}

// ---- what there is

Answer list_images(Api& api) {
  TOBARI_ASSIGN(const auto list, api.store.get([](const Reader& reader) { return image_list_view(reader); }));
  return json_response(200, {{"images", list}});
}

Answer show_image(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string name, name_in(call));
  TOBARI_ASSIGN(const auto object,
                api.store.get([&api, &name](const Reader& reader) { return image_view(api, reader, name); }));
  return json_response(200, object);
}

Answer show_version(Api& api, const Call& call) {
  TOBARI_ASSIGN(const VersionInPath which, version_in(call));
  return answer_with(api, 200, which);
}

// ---- imports

Result<Node> host_named(const Reader& reader, const std::string& name) {
  TOBARI_ASSIGN(const auto nodes, reader.nodes());
  const auto found = std::ranges::find_if(
      nodes, [&name](const Node& node) { return node.role == NodeRole::kHost && node.name == name; });
  if (found == nodes.end()) return fail(Errc::kNotFound, std::format("no host is called {}", name));
  return *found;
}

Answer import_version(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string name, name_in(call));
  TOBARI_ASSIGN(const NewImageVersionBody body, parse_new_image_version(call.request.body));
  TOBARI_ASSIGN(auto earlier, earlier_answer(api, call));
  if (earlier.has_value()) return *std::move(earlier);
  TOBARI_ASSIGN(const Node host,
                api.store.get([&body](const Reader& reader) { return host_named(reader, body.host); }));
  if (!api.hosts.info(host.id).has_value()) {
    return fail(Errc::kUnavailable, std::format("host {} is not connected", host.name));
  }
  Response response;
  auto done = api.store.act([&](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(
        const ImageVersion version,
        control::begin_import(
            writer,
            {.image = name, .host = host, .order = body.order, .notes = body.notes, .by = call.caller.user.name},
            api.clock.wall()));
    response = json_response(202, view(version));
    TOBARI_TRY(remember_answer(writer, call, response, api.clock.wall()));
    AuditDraft draft = audit_of(call, "image.import", version.ref());
    draft.detail = std::format("{} ({}) on {}", body.order.file, body.order.format, host.name);
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.networks_changed();
  return response;
}

// ---- what becomes of versions

using VersionAct = Result<ImageVersion> (*)(Writer&, std::string_view, std::uint32_t);

Answer change_version(Api& api, const Call& call, const char* action, VersionAct act) {
  TOBARI_ASSIGN(const VersionInPath which, version_in(call));
  auto done = api.store.act([&](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const ImageVersion version, act(writer, which.name, which.version));
    return audit_of(call, action, version.ref());
  });
  TOBARI_TRY(std::move(done));
  api.hosts.networks_changed();
  return answer_with(api, 200, which);
}

// Connected hosts that do not have it yet.
Result<std::vector<std::string>> hosts_without(const Api& api, const Reader& reader, const std::string& ref) {
  TOBARI_ASSIGN(const auto nodes, reader.nodes());
  std::vector<HostId> ready;
  for (const ImageOnHost& there : api.images == nullptr ? std::vector<ImageOnHost>() : api.images->where(ref)) {
    if (there.state == wire::ActualImage::READY) ready.push_back(there.host);
  }
  std::vector<std::string> names;
  for (const Node& node : nodes) {
    const auto info = node.role == NodeRole::kHost ? api.hosts.info(node.id) : std::nullopt;
    if (info.has_value() && !std::ranges::contains(ready, node.id)) names.push_back(node.name);
  }
  return names;
}

Answer publish_version(Api& api, const Call& call) {
  TOBARI_ASSIGN(const VersionInPath which, version_in(call));
  TOBARI_ASSIGN(const PublishBody body, parse_publish(call.request.body));
  TOBARI_ASSIGN(const ImageVersion found, api.store.get([&which](const Reader& reader) {
    return reader.image_version(which.name, which.version);
  }));
  if (api.images != nullptr && !found.digest.empty()) TOBARI_TRY(verify_image(found, api.images->key()));
  const std::string ref = found.ref();
  if (!body.now && found.state == ImageState::kReady) {
    TOBARI_ASSIGN(const auto without,
                  api.store.get([&api, &ref](const Reader& reader) { return hosts_without(api, reader, ref); }));
    if (!without.empty()) {
      return fail(Errc::kAlreadyExists,
                  std::format("{} is not on {} hosts yet, {} among them: wait for the copies, or publish it now "
                              "(\"now\": true), and only hosts that have it get new desktops",
                              ref, without.size(), without.front()));
    }
  }
  auto done = api.store.act([&](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(control::publish(writer, which.name, which.version, api.clock.wall()));
    return audit_of(call, "image.publish", ref);
  });
  TOBARI_TRY(std::move(done));
  return answer_with(api, 200, which);
}

Answer roll_back_image(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string name, name_in(call));
  VersionInPath which{name, 0};
  auto done = api.store.act([&](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const ImageVersion version, control::roll_back(writer, name));
    which.version = version.version;
    AuditDraft draft = audit_of(call, "image.roll-back", name);
    draft.detail = std::format("to {}", version.ref());
    return draft;
  });
  TOBARI_TRY(std::move(done));
  return answer_with(api, 200, which);
}

// ---- pools

// By the control core, so that the pool's own record is written and its spares are made anew.
Answer change_pool_image(Api& api, const Call& call,
                         const std::function<Result<Pool>(const Reader&, Pool)>& changed_to) {
  const auto id = PoolId::parse(call.path.find("pool")->second);
  if (!id.has_value()) return fail(Errc::kNotFound, "there is no such pool");
  const control::Who who = who_of(call);
  // Read and changed in one transaction, as every change of a pool is.
  auto done = api.control.transact([&](Writer& writer) -> Result<control::Effects> {
    TOBARI_ASSIGN(const Pool pool, writer.pool(*id));
    TOBARI_ASSIGN(Pool wanted, changed_to(writer, pool));
    return control::handle(writer, control::ChangePool{std::move(wanted), who}, api.clock.wall(), api.control.settings);
  });
  TOBARI_TRY(std::move(done));
  return empty_response(204);
}

Answer pin_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const VersionInPath which, version_in(call));
  return change_pool_image(api, call, [&which](const Reader& reader, Pool pool) {
    return control::pinned(reader, std::move(pool), which.name, which.version);
  });
}

Answer unpin_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string name, name_in(call));
  return change_pool_image(api, call, [&name](const Reader& reader, Pool pool) -> Result<Pool> {
    const auto ref = parse_image_ref(pool.image);
    if (!ref.has_value() || ref->name != name) {
      return fail(Errc::kNotFound, std::format("pool {} is not pinned to a version of {}", pool.name, name));
    }
    return control::unpinned(reader, std::move(pool));
  });
}

}  // namespace

std::vector<Route> image_routes(Api& api) {
  const auto with = [&api](Answer (*what)(Api&, const Call&)) {
    return at_once([&api, what](const Call& call) { return what(api, call); });
  };
  const auto change = [&api](const char* action, VersionAct act) {
    return at_once([&api, action, act](const Call& call) { return change_version(api, call, action, act); });
  };
  const std::string version = "/api/v1/images/{name}/versions/{version}";
  return {{"GET", "/api/v1/images", Access::kAdmin, at_once([&api](const Call&) { return list_images(api); })},
          {"GET", "/api/v1/images/{name}", Access::kAdmin, with(show_image)},
          {"POST", "/api/v1/images/{name}/versions", Access::kAdmin, with(import_version)},
          {"POST", "/api/v1/images/{name}/roll-back", Access::kAdmin, with(roll_back_image)},
          {"GET", version, Access::kAdmin, with(show_version)},
          {"POST", version + "/publish", Access::kAdmin, with(publish_version)},
          {"POST", version + "/retire", Access::kAdmin, change("image.retire", control::retire_version)},
          {"POST", version + "/verify", Access::kAdmin, change("image.verify", control::ask_to_verify)},
          {"PUT", version + "/pools/{pool}", Access::kAdmin, with(pin_pool)},
          {"DELETE", "/api/v1/images/{name}/pools/{pool}", Access::kAdmin, with(unpin_pool)}};
}

}  // namespace tobari::broker
