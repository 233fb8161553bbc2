// SPDX-License-Identifier: GPL-3.0-or-later
// /pools/{id}/connect: the user's desktop there, whether or not there is one already, and a connection to it.
#include <optional>
#include <utility>

#include "rest/entitlement.h"
#include "rest/opening.h"

namespace tobari::broker {
namespace {

// The request is remembered by its Idempotency-Key: an answer that got lost is asked for again, and means the same
// desktop.
Result<RequestId> request_of(const Call& call) {
  const std::string& key = call.request.idempotency_key;
  if (key.empty()) return RequestId();
  auto id = RequestId::parse(key);
  if (!id.has_value()) return fail(Errc::kInvalidArgument, "Idempotency-Key must be a UUID in lower case");
  return id;
}

// What the control core said no for, in words that clients act on.
ApiError no_desktop(const Pool& pool, Error why) {
  switch (why.code) {
    case Errc::kExhausted:
      // Not the client's fault, so not a 429: it is to come back.
      why.code = Errc::kUnavailable;
      return {std::move(why), "no_desktop_free", kFullRetry};
    case Errc::kInvalidArgument:  // nothing is made of its image any more
    case Errc::kNotFound:
      if (pool.kind == PoolKind::kManual) return {std::move(why), "no_desktop"};
      why.code = Errc::kUnavailable;  // no host that is here now has its image
      return {std::move(why), "no_desktop_free", kFullRetry};
    case Errc::kPermissionDenied:
      return {std::move(why), "pool_closed"};
    case Errc::kCancelled:
      why.code = Errc::kAlreadyExists;
      return {std::move(why), "given_back"};
    default:
      return {std::move(why), ""};
  }
}

std::expected<Desktop, ApiError> assign(const Api& api, const Call& call, const Pool& pool, RequestId request) {
  const Stopwatch watch;
  const control::Assign event{.request = std::move(request),
                              .user = call.caller.user.id,
                              .pool = pool.id,
                              .fresh = DesktopId::random(),
                              .facts = api.control.facts(),
                              .who = who_of(call)};
  auto effects = decide(api, event);
  if (!effects.has_value()) return std::unexpected(no_desktop(pool, std::move(effects).error()));
  if (!effects->assigned.has_value()) {
    return std::unexpected<Error>(fail(Errc::kInternal, "an assignment without a desktop").error());
  }
  api.metrics.login_phase(LoginPhase::kAssign, watch.elapsed());
  return *std::move(effects->assigned);
}

// As it is now; nothing when something has happened to it that waiting does not help against.
Result<std::optional<Desktop>> still_good(const Api& api, const Call& call, const Desktop& before) {
  auto now = api.store.get([&before](const Reader& reader) { return reader.desktop(before.id); });
  if (!now.has_value()) {
    if (now.error().code == Errc::kNotFound) return std::optional<Desktop>();
    return std::unexpected<Error>(now.error());
  }
  const bool good = now->user == call.caller.user.id && now->power != Power::kDeleted &&
                    api.hosts.status(*now).state != DesktopStatus::State::kUnreachable;
  return good ? std::optional(*std::move(now)) : std::optional<Desktop>();
}

// The desktop of before as long as it can be had; else the control core is asked anew. That it answers with the same
// one, whose host is away and not yet given up, is right as well.
DesktopsOrError look_again(Api& api, const Call& call, const Pool& pool, const Desktop& before) {
  TOBARI_ASSIGN(auto now, still_good(api, call, before));
  if (now.has_value()) return std::vector<Desktop>{*std::move(now)};
  auto desktop = assign(api, call, pool, {});
  if (!desktop.has_value()) return std::unexpected(std::move(desktop).error());
  return std::vector<Desktop>{*std::move(desktop)};
}

DesktopsOrError first_look(Api& api, const Call& call, const Pool& pool, const RequestId& request) {
  auto desktop = assign(api, call, pool, request);
  if (!desktop.has_value()) return std::unexpected(std::move(desktop).error());
  // What this request got before may be on a host that is lost since.
  if (api.hosts.status(*desktop).state == DesktopStatus::State::kUnreachable) {
    return look_again(api, call, pool, *desktop);
  }
  return std::vector<Desktop>{*std::move(desktop)};
}

// Before anything is made for somebody who may not have it. A desktop that is there is asked about again.
std::expected<void, ApiError> check_entitled(Api& api, const Call& call, const Pool& pool, const ConnectBody& client) {
  const UserId& user = call.caller.user.id;
  std::vector<Desktop> own;
  const auto read = [&own, &pool, &user](const Reader& reader) -> Result<std::vector<Session>> {
    own.clear();
    auto desktop = reader.desktop_in_pool(user, pool.id);
    if (desktop.has_value()) {
      own.push_back(*std::move(desktop));
    } else if (desktop.error().code != Errc::kNotFound) {
      return std::unexpected<Error>(desktop.error());
    }
    return reader.live_sessions_of_user(user);
  };
  TOBARI_ASSIGN(const auto live, api.store.get(read));
  const std::uint32_t sessions = other_sessions(live, own, api.clock.wall());
  const AccessAnswer answer = ask_about_pool(api, call, pool, client.client_kind, sessions);
  if (answer.allowed) return {};
  return std::unexpected(connect_denied(api, call, pool.id.str(), answer.rule, answer.reason));
}

std::expected<Opening, ApiError> wanted_of_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(ConnectBody body, parse_connect(call.request.body));
  TOBARI_ASSIGN(const RequestId request, request_of(call));
  TOBARI_ASSIGN(const Pool pool, pool_of(api, call));
  if (auto entitled = check_entitled(api, call, pool, body); !entitled.has_value()) {
    return std::unexpected(std::move(entitled).error());
  }
  return Opening{.desktops = {},
                 .client = std::move(body),
                 .look =
                     [&api, call, pool, request](const std::vector<Desktop>& before) {
                       return before.empty() ? first_look(api, call, pool, request)
                                             : look_again(api, call, pool, before.front());
                     },
                 .wait_for_host = true};
}

}  // namespace

std::vector<Route> pool_connect_routes(Api& api) {
  return {{"POST", "/api/v1/pools/{id}/connect", Access::kUser, [&api](const Call& call, const Reply& reply) {
             auto opening = wanted_of_pool(api, call);
             if (!opening.has_value()) return reply(std::unexpected(std::move(opening).error()));
             open_desktops(api, call, *std::move(opening), reply);
           }}};
}

}  // namespace tobari::broker
