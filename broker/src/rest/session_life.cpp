// SPDX-License-Identifier: GPL-3.0-or-later
// How a desktop's use goes on and ends: restart and reset by its user where the policy lets them, the end that an
// administrator sets, and users' disks, which outlive all of it. Log-off: log_off.cpp.
#include <format>
#include <utility>

#include "core/names.h"
#include "rest/api.h"
#include "rest/pool_bodies.h"

namespace tobari::broker {
namespace {

// ---- restart, reset

// Administrators need no rule: they may stop and delete it as well.
std::expected<void, ApiError> may_restart(Api& api, const Call& call, const Desktop& desktop, const char* what) {
  if (desktop.user != call.caller.user.id) return {};
  const AccessAnswer answer = api.policy({.user = call.caller.user.name,
                                          .desktop_id = desktop.id.str(),
                                          .client_address = call.request.client_address,
                                          .what = what,
                                          .device = call.request.device,
                                          .pool = desktop.pool_name,
                                          .labels = desktop.labels});
  if (answer.allowed || call.caller.user.role == Role::kAdmin) return {};
  AuditDraft draft = audit_of(call, what, desktop.id.str());
  draft.outcome = Outcome::kDenied;
  draft.rule = answer.rule;
  draft.detail = answer.reason;
  TOBARI_TRY(api.store.record(std::move(draft)));
  return std::unexpected(ApiError(
      fail(Errc::kPermissionDenied, std::format("the policy does not let you do that: {}", answer.reason)).error(),
      "policy_denied"));
}

Answer restart_desktop(Api& api, const Call& call, bool at_once) {
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  const auto allowed = may_restart(api, call, desktop, at_once ? "desktop.reset" : "desktop.restart");
  if (!allowed.has_value()) return std::unexpected(allowed.error());
  const DesktopStatus status = api.hosts.status(desktop);
  if (status.state == DesktopStatus::State::kUnreachable) {
    return std::unexpected(ApiError(fail(Errc::kUnavailable, status.detail).error(), "host_away"));
  }
  TOBARI_TRY(decide(api, control::RestartOf{.desktop = desktop.id, .at_once = at_once, .who = who_of(call)}));
  return empty_response(202);
}

// ---- the end that somebody else sets

Answer end_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(EndBody body, parse_end(call.request.body));
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  const control::EndUse event{.desktop = desktop.id,
                              .notice = body.notice,
                              .stop = body.stop,
                              .text = std::move(body.text),
                              .who = who_of(call)};
  TOBARI_TRY(decide(api, event));
  return empty_response(202);
}

Answer keep_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  TOBARI_TRY(decide(api, control::KeepUse{.desktop = desktop.id, .who = who_of(call)}));
  return empty_response(202);
}

// ---- users' disks

struct ShownDisk {
  UserDisk disk;
  std::string host;
  std::string desktop;  // that has it; empty: none
};

Result<std::vector<ShownDisk>> shown_disks(const Reader& reader, const User& caller) {
  TOBARI_ASSIGN(const auto disks, caller.role == Role::kAdmin ? reader.user_disks() : reader.user_disks_of(caller.id));
  std::vector<ShownDisk> all;
  for (const UserDisk& disk : disks) {
    ShownDisk& shown = all.emplace_back();
    shown.disk = disk;
    if (!disk.host.empty()) {
      TOBARI_ASSIGN(const Host host, reader.host(disk.host));
      shown.host = host.name;
    }
    if (disk.holder.empty()) continue;
    const auto holder = reader.desktop(disk.holder);
    if (holder.has_value()) shown.desktop = holder->name;
  }
  return all;
}

nlohmann::ordered_json disk_view(const ShownDisk& shown) {
  const UserDisk& disk = shown.disk;
  nlohmann::ordered_json object{
      {"id", disk.id.str()},       {"user", disk.user_name},
      {"name", disk.name},         {"kind", to_string(disk.kind)},
      {"size_gib", disk.size_gib}, {"state", disk.removing ? "removing" : shown.desktop.empty() ? "free" : "in_use"}};
  if (!disk.storage.empty()) object["storage"] = disk.storage;
  if (!shown.host.empty()) object["host"] = shown.host;
  if (!shown.desktop.empty()) object["desktop"] = shown.desktop;
  return object;
}

Answer list_disks(Api& api, const Call& call) {
  TOBARI_ASSIGN(const auto disks,
                api.store.get([&call](const Reader& reader) { return shown_disks(reader, call.caller.user); }));
  auto list = nlohmann::ordered_json::array();
  for (const ShownDisk& each : disks) list.push_back(disk_view(each));
  return json_response(200, {{"user_disks", std::move(list)}});
}

Answer remove_disk(Api& api, const Call& call) {
  const auto id = UserDiskId::parse(call.path.find("id")->second);
  if (!id.has_value()) return std::unexpected<Error>(fail(Errc::kNotFound, "there is no such disk").error());
  TOBARI_TRY(decide(api, control::RemoveUserDisk{.disk = *id, .who = who_of(call)}));
  return empty_response(202);
}

}  // namespace

std::vector<Route> session_life_routes(Api& api) {
  return {
      {"POST", "/api/v1/desktops/{id}/restart", Access::kUser,
       at_once([&api](const Call& call) { return restart_desktop(api, call, false); })},
      {"POST", "/api/v1/desktops/{id}/reset", Access::kUser,
       at_once([&api](const Call& call) { return restart_desktop(api, call, true); })},
      {"POST", "/api/v1/desktops/{id}/end", Access::kAdmin,
       at_once([&api](const Call& call) { return end_desktop(api, call); })},
      {"DELETE", "/api/v1/desktops/{id}/end", Access::kAdmin,
       at_once([&api](const Call& call) { return keep_desktop(api, call); })},
      {"GET", "/api/v1/user-disks", Access::kUser, at_once([&api](const Call& call) { return list_disks(api, call); })},
      {"DELETE", "/api/v1/user-disks/{id}", Access::kAdmin,
       at_once([&api](const Call& call) { return remove_disk(api, call); })},
  };
}

}  // namespace tobari::broker
