// SPDX-License-Identifier: GPL-3.0-or-later
// /login, /logout, /me
#include "core/names.h"
#include "rest/api.h"
#include "rest/bodies.h"

namespace tobari::broker {
namespace {

Answer login(Api& api, const Call& call) {
  TOBARI_ASSIGN(const LoginBody body, parse_login(call.request.body));
  const Stopwatch watch;
  const auto signed_in = api.authenticator.sign_in(body.user, body.password, call.request.client_address);
  if (!signed_in.has_value()) {
    const bool throttled = signed_in.error().retry_after.count() > 0;
    return std::unexpected(
        ApiError(signed_in.error().error, throttled ? "too_many_attempts" : "", signed_in.error().retry_after));
  }
  api.metrics.login_phase(LoginPhase::kPassword, watch.elapsed());
  return json_response(200, {{"token", signed_in->token},
                             {"expires_at", format_time(signed_in->expires_at)},
                             {"user", view(signed_in->user)}});
}

Answer logout(Api& api, const Call& call) {
  TOBARI_TRY(api.authenticator.sign_out(call.caller, call.request.client_address));
  return empty_response(204);
}

}  // namespace

std::vector<Route> account_routes(Api& api) {
  return {
      {"POST", "/api/v1/login", Access::kPublic, at_once([&api](const Call& call) { return login(api, call); }),
       Lane::kPassword},
      {"POST", "/api/v1/logout", Access::kUser, at_once([&api](const Call& call) { return logout(api, call); })},
      {"GET", "/api/v1/me", Access::kUser,
       at_once([](const Call& call) -> Answer { return json_response(200, view(call.caller.user)); })},
  };
}

}  // namespace tobari::broker
