// SPDX-License-Identifier: GPL-3.0-or-later
// /desktops/{id}/connect and /wall: what is to be opened, by whom. The rest: opening.cpp.
#include <format>
#include <utility>

#include <tobari/base/wall.h>

#include "rest/api.h"
#include "rest/bodies.h"
#include "rest/opening.h"

namespace tobari::broker {
namespace {

using Wanted = std::expected<Opening, ApiError>;

Wanted one_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(ConnectBody body, parse_connect(call.request.body));
  TOBARI_ASSIGN(Desktop desktop, desktop_of(api, call));
  TOBARI_TRY(check_own(call, desktop));
  return Opening{.desktops = {std::move(desktop)}, .client = std::move(body)};
}

// A session is served by one display process, and the hypervisor hands displays to processes of its own machine.
std::expected<void, ApiError> check_one_host(const std::vector<Desktop>& desktops) {
  const Desktop& first = desktops.front();
  for (const Desktop& desktop : desktops) {
    if (desktop.host == first.host) continue;
    return std::unexpected(ApiError(
        fail(Errc::kAlreadyExists,
             std::format("{} is on host {}, {} on host {}: a wall shows desktops of one host; connect to each, "
                         "or ask an administrator for desktops on the same host",
                         first.name, first.host_name, desktop.name, desktop.host_name))
            .error(),
        "several_hosts"));
  }
  return {};
}

Wanted several_desktops(Api& api, const Call& call) {
  TOBARI_ASSIGN(WallBody body, parse_wall(call.request.body));
  Opening opening{.desktops = {}, .client = std::move(body.client)};
  for (const DesktopId& id : body.desktops) {
    TOBARI_ASSIGN(Desktop desktop, visible_desktop(api, call, id));
    TOBARI_TRY(check_own(call, desktop));
    opening.desktops.push_back(std::move(desktop));
  }
  if (auto good = check_one_host(opening.desktops); !good.has_value()) return std::unexpected(std::move(good).error());
  return opening;
}

Route opener(Api& api, const char* path, Wanted (*wanted)(Api&, const Call&)) {
  return {"POST", path, Access::kUser, [&api, wanted](const Call& call, const Reply& reply) {
            Wanted opening = wanted(api, call);
            if (!opening.has_value()) return reply(std::unexpected(std::move(opening).error()));
            open_desktops(api, call, *std::move(opening), reply);
          }};
}

}  // namespace

std::vector<Route> connect_routes(Api& api) {
  return {opener(api, "/api/v1/desktops/{id}/connect", one_desktop), opener(api, "/api/v1/wall", several_desktops)};
}

}  // namespace tobari::broker
