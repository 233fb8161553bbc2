// SPDX-License-Identifier: GPL-3.0-or-later
// /desktops/{id}/connect: the one route that waits for somebody else, a host, and therefore answers later.
#include <format>
#include <memory>
#include <utility>

#include <tobari/base/log.h>

#include "core/names.h"
#include "core/offer.h"
#include "core/rdp_file.h"
#include "core/sha256.h"
#include "rest/api.h"
#include "rest/bodies.h"
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

constexpr std::chrono::seconds kStartingRetry{2};
constexpr std::chrono::seconds kAwayRetry{5};

// The secrets and what is stored of one attempt, from the request to the reply.
struct Attempt {
  Offer offer;
  Session session;
  policy::Grant grant;
  std::uint64_t epoch = 0;
};

ApiError starting() {
  return {fail(Errc::kUnavailable, "the desktop is starting").error(), "desktop_starting", kStartingRetry};
}

Result<void> power_on(Api& api, const Call& call, const Desktop& desktop) {
  auto done = api.store.act([&call, &desktop](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const Desktop now, writer.desktop(desktop.id));
    if (now.power == Power::kDeleted) return fail(Errc::kNotFound, "the desktop is being removed");
    TOBARI_TRY(writer.set_power(desktop.id, Power::kOn));
    AuditDraft draft = audit_of(call, "desktop.start", desktop.id.str());
    draft.detail = "to connect";
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.desired_changed(desktop.host);
  return {};
}

// Everything that must be so before a display is opened. An error is the reply.
std::expected<void, ApiError> check_ready(Api& api, const Call& call, const Desktop& desktop) {
  if (desktop.power == Power::kDeleted) {
    return std::unexpected<Error>(fail(Errc::kNotFound, "the desktop is being removed").error());
  }
  const DesktopStatus status = api.hosts.status(desktop);
  if (status.state == DesktopStatus::State::kUnreachable) {
    return std::unexpected(ApiError(fail(Errc::kUnavailable, status.detail).error(), "host_away", kAwayRetry));
  }
  if (desktop.power == Power::kOff) {
    TOBARI_TRY(power_on(api, call, desktop));
    return std::unexpected(starting());
  }
  switch (status.state) {
    case DesktopStatus::State::kRunning:
      return {};
    case DesktopStatus::State::kFailed:
      return std::unexpected(ApiError(
          fail(Errc::kUnavailable, status.detail.empty() ? "the desktop could not be started" : status.detail).error(),
          "desktop_failed"));
    default:
      return std::unexpected(starting());
  }
}

std::expected<policy::Grant, ApiError> ask_policy(Api& api, const Call& call, const Desktop& desktop,
                                                  std::string& rule) {
  AccessAnswer answer = api.policy(
      {.user = desktop.user_name, .desktop_id = desktop.id.str(), .client_address = call.request.client_address});
  rule = answer.rule;
  if (answer.allowed) return std::move(answer.grant);
  AuditDraft draft = audit_of(call, "session.open", desktop.id.str());
  draft.outcome = Outcome::kDenied;
  draft.rule = answer.rule;
  draft.detail = answer.reason;
  TOBARI_TRY(api.store.record(std::move(draft)));
  return std::unexpected(ApiError(
      fail(Errc::kPermissionDenied, std::format("the policy does not let you connect: {}", answer.reason)).error(),
      "policy_denied"));
}

std::expected<std::shared_ptr<Attempt>, ApiError> open_session(Api& api, const Call& call, const Desktop& desktop,
                                                               const ConnectBody& body) {
  std::string rule;
  auto grant = ask_policy(api, call, desktop, rule);
  if (!grant.has_value()) return std::unexpected(std::move(grant).error());
  auto attempt = std::make_shared<Attempt>();
  attempt->grant = std::move(*grant);
  attempt->epoch = desktop.epoch;
  const Time now = api.clock.wall();
  attempt->session = {.id = SessionId::random(),
                      .desktop = desktop.id,
                      .user = desktop.user,
                      .user_name = desktop.user_name,
                      .host = desktop.host,
                      .state = SessionState::kOffered,
                      .client_address = call.request.client_address,
                      .client_name = body.client_name,
                      .detail = "",
                      .created_at = now,
                      .offer_expires_at = now + kOfferLifetime,
                      .routing_sha256 = attempt->offer.routing_sha256(),
                      .routed = false};
  auto done = api.store.act([&call, &attempt, &desktop, &rule, &body](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.add_session(attempt->session));
    AuditDraft draft = audit_of(call, "session.open", attempt->session.id.str());
    draft.outcome = Outcome::kAllowed;
    draft.rule = rule;
    draft.detail = std::format("desktop {} of {}{}", desktop.name, desktop.user_name,
                               body.client_kind.empty() ? "" : ", client " + body.client_kind);
    return draft;
  });
  TOBARI_TRY(std::move(done));
  return attempt;
}

wire::OpenDisplay open_message(const Attempt& attempt) {
  const auto as_bytes = [](const std::array<std::byte, 32>& hash) {
    return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
  };
  wire::OpenDisplay message;
  message.set_request_id(RequestId::random().str());
  message.set_desktop_id(attempt.session.desktop.str());
  message.set_epoch(attempt.epoch);
  message.set_session_id(attempt.session.id.str());
  message.set_routing_token_sha256(as_bytes(sha256(attempt.offer.routing_token)));
  message.set_ticket_sha256(as_bytes(sha256(attempt.offer.ticket)));
  message.set_valid_seconds(static_cast<std::uint32_t>(kOfferLifetime.count()));
  *message.mutable_grant() = to_wire(attempt.grant);
  return message;
}

Answer connection_reply(const Api& api, const Attempt& attempt, const OpenedDisplay& display) {
  const Session& session = attempt.session;
  const RdpTarget target{api.gateway_address, api.gateway_port, attempt.offer.routing_token, session.user_name,
                         attempt.grant.find("audio.play") != nullptr};
  return json_response(200, {{"session_id", session.id.str()},
                             {"address", target.address},
                             {"port", target.port},
                             {"routing_token", target.routing_token},
                             {"user", target.user},
                             {"ticket", attempt.offer.ticket},
                             {"certificate_sha256", display.certificate_sha256},
                             {"rdp_file", rdp_file(target)},
                             {"expires_at", format_time(session.offer_expires_at)}});
}

// The display did not open: the session ends before it began, on record.
ApiError failed_reply(Api& api, const Attempt& attempt, Error why) {
  const Session& session = attempt.session;
  const auto recorded = api.store.act([&session, &why](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.update_session(session.id, SessionState::kEnded, session.client_address, session.client_name,
                                     "the display did not open: " + why.message));
    return AuditDraft{.actor = "broker",
                      .action = "session.failed",
                      .object = session.id.str(),
                      .client_address = session.client_address,
                      .outcome = Outcome::kFailed,
                      .rule = "",
                      .detail = why.message};
  });
  if (!recorded.has_value()) return recorded.error();
  log::warning("display not opened", {{"session", session.id.str()}, {"why", why.message}});
  if (why.code == Errc::kUnavailable && why.message.contains("starting")) return starting();
  if (why.code == Errc::kUnavailable) return {std::move(why), "host_away", kAwayRetry};
  if (why.code == Errc::kTimeout) return {std::move(why), "host_timeout", kAwayRetry};
  // Whatever the host's reason was, it is not the client's request that is wrong.
  return {fail(Errc::kUnavailable, "the display could not be opened: " + why.message).error(), "display_failed"};
}

void connect(Api& api, const Call& call, const Reply& reply) {
  const auto attempt = [&api, &call]() -> std::expected<std::shared_ptr<Attempt>, ApiError> {
    TOBARI_ASSIGN(const ConnectBody body, parse_connect(call.request.body));
    TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
    if (desktop.user != call.caller.user.id) {
      return std::unexpected<Error>(
          fail(Errc::kPermissionDenied, "a desktop is opened by its own user, not by an administrator").error());
    }
    if (auto ready = check_ready(api, call, desktop); !ready.has_value()) return std::unexpected(ready.error());
    return open_session(api, call, desktop, body);
  }();
  if (!attempt.has_value()) return reply(std::unexpected(attempt.error()));
  const auto opened = [&api, attempt = *attempt, reply](Result<OpenedDisplay> display) {
    if (!display.has_value()) return reply(std::unexpected(failed_reply(api, *attempt, std::move(display).error())));
    reply(connection_reply(api, *attempt, *display));
  };
  api.hosts.open_display((*attempt)->session.host, open_message(**attempt), opened);
}

}  // namespace

std::vector<Route> connect_routes(Api& api) {
  return {{"POST", "/api/v1/desktops/{id}/connect", Access::kUser,
           [&api](const Call& call, const Reply& reply) { connect(api, call, reply); }}};
}

}  // namespace tobari::broker
