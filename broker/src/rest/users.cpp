// SPDX-License-Identifier: GPL-3.0-or-later
// /users
#include <format>

#include "auth/password.h"
#include "core/names.h"
#include "rest/api.h"
#include "rest/bodies.h"
#include "rest/idempotency.h"

namespace tobari::broker {
namespace {

Result<User> user_of(Api& api, const Call& call) {
  const std::string& name = call.path.find("name")->second;
  auto user = api.store.get([&name](const Reader& reader) { return reader.user_by_name(name); });
  if (!user.has_value() && user.error().code == Errc::kNotFound) {
    return fail(Errc::kNotFound, std::format("there is no user {}", is_user_name(name) ? name : "of that name"));
  }
  return user;
}

Answer list_users(Api& api) {
  TOBARI_ASSIGN(const auto users, api.store.get([](const Reader& reader) { return reader.users(); }));
  auto list = nlohmann::ordered_json::array();
  for (const User& user : users) list.push_back(view(user));
  return json_response(200, {{"users", std::move(list)}});
}

Answer create_user(Api& api, const Call& call) {
  TOBARI_ASSIGN(const NewUserBody body, parse_new_user(call.request.body));
  TOBARI_ASSIGN(auto earlier, earlier_answer(api, call));
  if (earlier.has_value()) return *std::move(earlier);
  TOBARI_ASSIGN(std::string hash, hash_password(body.password));
  const User user{UserId::random(), body.name, body.role, std::move(hash)};
  Response response = json_response(201, view(user));
  auto done = api.store.act([&api, &call, &user, &response](Writer& writer) -> Result<AuditDraft> {
    if (writer.user_by_name(user.name).has_value()) {
      return fail(Errc::kAlreadyExists, std::format("there is a user {} already", user.name));
    }
    TOBARI_TRY(writer.add_user(user));
    TOBARI_TRY(remember_answer(writer, call, response, api.clock.wall()));
    AuditDraft draft = audit_of(call, "user.create", user.name);
    draft.detail = std::format("role {}", to_string(user.role));
    return draft;
  });
  TOBARI_TRY(std::move(done));
  return response;
}

Answer delete_user(Api& api, const Call& call) {
  TOBARI_ASSIGN(const User user, user_of(api, call));
  if (user.id == call.caller.user.id) {
    return std::unexpected<Error>(
        fail(Errc::kAlreadyExists, "you cannot remove yourself: another administrator can").error());
  }
  auto done = api.store.act([&call, &user](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const auto desktops, writer.desktops_of_user(user.id));
    if (!desktops.empty()) {
      return fail(Errc::kAlreadyExists,
                  std::format("{} has the desktop {}: delete it first", user.name, desktops.front().name));
    }
    TOBARI_TRY(writer.remove_user(user.id));
    return audit_of(call, "user.delete", user.name);
  });
  TOBARI_TRY(std::move(done));
  return empty_response(204);
}

// Everybody's own; administrators everybody's. Whoever stole a token loses it: all others of the user end.
Answer set_password(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string password, parse_password(call.request.body));
  const bool own = call.path.find("name")->second == call.caller.user.name;
  if (!own && call.caller.user.role != Role::kAdmin) {
    return std::unexpected<Error>(
        fail(Errc::kPermissionDenied, "only administrators may set the password of somebody else").error());
  }
  TOBARI_ASSIGN(const User user, user_of(api, call));
  TOBARI_ASSIGN(const std::string hash, hash_password(password));
  auto done = api.store.act([&call, &user, &hash, own](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.set_password_hash(user.id, hash));
    TOBARI_TRY(writer.remove_tokens_of(user.id, own ? call.caller.token_sha256 : ""));
    return audit_of(call, "user.password", user.name);
  });
  TOBARI_TRY(std::move(done));
  return empty_response(204);
}

}  // namespace

std::vector<Route> user_routes(Api& api) {
  return {
      {"GET", "/api/v1/users", Access::kAdmin, at_once([&api](const Call&) { return list_users(api); })},
      {"POST", "/api/v1/users", Access::kAdmin, at_once([&api](const Call& call) { return create_user(api, call); }),
       Lane::kPassword},
      {"DELETE", "/api/v1/users/{name}", Access::kAdmin,
       at_once([&api](const Call& call) { return delete_user(api, call); })},
      {"PUT", "/api/v1/users/{name}/password", Access::kUser,
       at_once([&api](const Call& call) { return set_password(api, call); }), Lane::kPassword},
  };
}

}  // namespace tobari::broker
