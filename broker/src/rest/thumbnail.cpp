// SPDX-License-Identifier: GPL-3.0-or-later
// /desktops/{id}/thumbnail: what a desktop shows now, small, for lists. Like connect it waits for a host.
#include <format>
#include <memory>
#include <mutex>
#include <utility>

#include "core/sha256.h"
#include "core/thumbnail_limits.h"
#include "rest/api.h"
#include "rest/opening.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kTagDigits = 32;

struct Limits {
  std::mutex mutex;
  ThumbnailLimits of;
};

// One look of one viewer, from the request to the reply.
struct Look {
  Call call;
  Desktop desktop;
  std::string rule;
  [[nodiscard]] const std::string& viewer() const { return call.caller.user.name; }
  [[nodiscard]] bool own() const { return desktop.user == call.caller.user.id; }
};

AuditDraft audit_of_look(const Look& look, Outcome outcome, std::string detail) {
  AuditDraft draft = audit_of(look.call, "desktop.thumbnail", look.desktop.id.str());
  draft.outcome = outcome;
  draft.rule = look.rule;
  draft.detail = std::move(detail);
  return draft;
}

std::expected<void, ApiError> check_limits(const Api& api, Limits& limits, const Look& look) {
  const std::scoped_lock lock(limits.mutex);
  const auto wait = limits.of.take(look.viewer(), look.desktop.id.str(), api.clock.now());
  if (!wait) return {};
  return std::unexpected(
      ApiError(fail(Errc::kExhausted, "a desktop's picture is given once a second").error(), "", *wait));
}

std::expected<void, ApiError> ask_policy(Api& api, Look& look) {
  const AccessAnswer answer = api.policy({.user = look.viewer(),
                                          .desktop_id = look.desktop.id.str(),
                                          .client_address = look.call.request.client_address,
                                          .what = look.own() ? "thumbnail" : "thumbnail.others",
                                          .device = look.call.request.device,
                                          .pool = look.desktop.pool_name,
                                          .labels = look.desktop.labels});
  look.rule = answer.rule;
  if (answer.allowed) return {};
  TOBARI_TRY(api.store.record(audit_of_look(look, Outcome::kDenied, answer.reason)));
  return std::unexpected(
      ApiError(fail(Errc::kPermissionDenied,
                    std::format("the policy does not let you see this desktop's picture: {}", answer.reason))
                   .error(),
               "policy_denied"));
}

std::expected<void, ApiError> check_running(const Api& api, const Desktop& desktop) {
  const DesktopStatus status = api.hosts.status(desktop);
  switch (status.state) {
    case DesktopStatus::State::kRunning:
      return {};
    case DesktopStatus::State::kUnreachable:
      return std::unexpected(ApiError(fail(Errc::kUnavailable, status.detail).error(), "host_away", kAwayRetry));
    case DesktopStatus::State::kStarting:
      return std::unexpected(
          ApiError(fail(Errc::kUnavailable, "the desktop is starting").error(), "desktop_starting", kStartingRetry));
    case DesktopStatus::State::kStopped:
    case DesktopStatus::State::kFailed:
      break;
  }
  return std::unexpected(ApiError(fail(Errc::kUnavailable, "the desktop is not running").error(), "no_picture"));
}

ApiError no_picture(Error why) {
  if (why.code == Errc::kTimeout) return {std::move(why), "host_timeout", kAwayRetry};
  if (why.code == Errc::kExhausted) return {std::move(why), "", std::chrono::seconds(1)};
  // Whatever the host's reason was, it is not the request that is wrong.
  return {fail(Errc::kUnavailable, "there is no picture of the desktop: " + why.message).error(), "no_picture"};
}

// Every look at somebody else's desktop is written down; at one's own, once in a while.
Result<void> write_down(Api& api, Limits& limits, const Look& look) {
  const auto now = api.clock.now();
  const std::string& desktop = look.desktop.id.str();
  {
    const std::scoped_lock lock(limits.mutex);
    if (look.own() && !limits.of.record_due(look.viewer(), desktop, now)) return {};
  }
  TOBARI_TRY(api.store.record(
      audit_of_look(look, Outcome::kDone, std::format("desktop {} of {}", look.desktop.name, look.desktop.user_name))));
  const std::scoped_lock lock(limits.mutex);
  limits.of.recorded(look.viewer(), desktop, now);
  return {};
}

Response picture(const Look& look, std::string jpeg) {
  const std::string tag = std::format("\"{}\"", sha256_hex(jpeg).substr(0, kTagDigits));
  Response response{.status = 200, .content_type = "image/jpeg", .body = std::move(jpeg), .headers = {{"ETag", tag}}};
  if (look.call.request.if_none_match.contains(tag)) {
    response.status = 304;
    response.content_type.clear();
    response.body.clear();
  }
  return response;
}

void thumbnail(Api& api, const std::shared_ptr<Limits>& limits, const Call& call, const Reply& reply) {
  auto desktop = desktop_of(api, call);
  if (!desktop.has_value()) return reply(std::unexpected<ApiError>(std::move(desktop).error()));
  const auto look = std::make_shared<Look>(call, *std::move(desktop), "");
  if (auto good = check_limits(api, *limits, *look); !good.has_value()) return reply(std::unexpected(good.error()));
  if (auto good = ask_policy(api, *look); !good.has_value()) return reply(std::unexpected(good.error()));
  if (auto good = check_running(api, look->desktop); !good.has_value()) return reply(std::unexpected(good.error()));
  wire::TakeThumbnail message;
  message.set_request_id(RequestId::random().str());
  message.set_desktop_id(look->desktop.id.str());
  message.set_epoch(look->desktop.epoch);
  const auto taken = [&api, limits, look, reply](Result<TakenThumbnail> thumbnail) {
    if (!thumbnail.has_value()) return reply(std::unexpected(no_picture(std::move(thumbnail).error())));
    if (auto written = write_down(api, *limits, *look); !written.has_value()) {
      return reply(std::unexpected<ApiError>(std::move(written).error()));
    }
    reply(picture(*look, std::move(thumbnail->jpeg)));
  };
  api.hosts.take_thumbnail(look->desktop.host, std::move(message), taken);
}

}  // namespace

std::vector<Route> thumbnail_routes(Api& api) {
  return {{"GET", "/api/v1/desktops/{id}/thumbnail", Access::kUser,
           [&api, limits = std::make_shared<Limits>()](const Call& call, const Reply& reply) {
             thumbnail(api, limits, call, reply);
           }}};
}

}  // namespace tobari::broker
