// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/opening.h"

#include <algorithm>
#include <format>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <tobari/base/log.h>

#include "core/names.h"
#include "core/offer.h"
#include "core/rdp_file.h"
#include "core/session_access.h"
#include "core/session_state.h"
#include "core/sha256.h"
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

constexpr const char* kNoRecordingKey =
    "the session is to be recorded, and this broker has no recording key (see docs/RECORDING.md)";

// The secrets and what is stored of one attempt, from the request to the reply.
struct Attempt {
  Offer offer;
  Session session;
  policy::Grant grant;
  std::vector<wire::FurtherDesktop> further;
  std::uint64_t epoch = 0;
  std::optional<recording::PublicKey> recording_key;
};

struct Permission {
  policy::Grant grant;
  std::string rule;
};

std::string with_device(std::string text, const Call& call) {
  const std::string device = in_words(call.request.device);
  return device.empty() ? text : std::move(text) + ", " + device;
}

std::expected<Permission, ApiError> ask_policy(Api& api, const Call& call, const Desktop& desktop,
                                               const ConnectBody& client, std::uint32_t sessions) {
  AccessAnswer answer = api.policy({.user = desktop.user_name,
                                    .desktop_id = desktop.id.str(),
                                    .client_address = call.request.client_address,
                                    .client = client.client_kind,
                                    .sessions = sessions,
                                    .device = call.request.device,
                                    .pool = desktop.pool_name,
                                    .labels = desktop.labels});
  if (answer.allowed) return Permission{std::move(answer.grant), answer.rule};
  return std::unexpected(connect_denied(api, call, desktop.id.str(), answer.rule, answer.reason));
}

std::expected<std::vector<Permission>, ApiError> ask_policy(Api& api, const Call& call, const Opening& opening,
                                                            std::uint32_t sessions) {
  const Stopwatch watch;
  std::vector<Permission> all;
  for (const Desktop& desktop : opening.desktops) {
    auto one = ask_policy(api, call, desktop, opening.client, sessions);
    if (!one.has_value()) return std::unexpected(std::move(one).error());
    all.push_back(std::move(*one));
  }
  api.metrics.login_phase(LoginPhase::kPolicy, watch.elapsed());
  return all;
}

Session offered_session(const Api& api, const Call& call, const Opening& opening, const Offer& offer) {
  const Desktop& first = opening.desktops.front();
  const Time now = api.clock.wall();
  Session session{.id = SessionId::random(),
                  .desktop = first.id,
                  .user = first.user,
                  .user_name = first.user_name,
                  .host = first.host,
                  .state = SessionState::kOffered,
                  .client_address = call.request.client_address,
                  .client_name = opening.client.client_name,
                  .detail = "",
                  .created_at = now,
                  .offer_expires_at = now + kOfferLifetime,
                  .routing_sha256 = offer.routing_sha256(),
                  .routed = false,
                  .further = {}};
  for (const Desktop& desktop : std::span(opening.desktops).subspan(1)) session.further.push_back(desktop.id);
  return session;
}

AuditDraft record_of(const Call& call, const Opening& opening, std::size_t screen, const Session& session,
                     const std::string& rule) {
  const Desktop& desktop = opening.desktops[screen];
  const std::size_t count = opening.desktops.size();
  AuditDraft draft = audit_of(call, "session.open", session.id.str());
  draft.outcome = Outcome::kAllowed;
  draft.rule = rule;
  draft.detail = std::format("desktop {} of {}{}{}", desktop.name, desktop.user_name,
                             count > 1 ? std::format(", screen {} of {}", screen + 1, count) : "",
                             opening.client.client_kind.empty() ? "" : ", client " + opening.client.client_kind);
  draft.detail = with_device(std::move(draft.detail), call);
  return draft;
}

AuditDraft no_recording(const Session& session) {
  return {.actor = "broker",
          .action = "recording.failed",
          .object = session.id.str(),
          .client_address = session.client_address,
          .outcome = Outcome::kFailed,
          .rule = "",
          .detail = kNoRecordingKey};
}

// Nobody else's since it was looked at, in the transaction that stores the session.
Result<void> still_the_same(const Writer& writer, const Opening& opening) {
  for (const Desktop& desktop : opening.desktops) {
    TOBARI_ASSIGN(const Desktop now, writer.desktop(desktop.id));
    if (now.user == desktop.user && now.epoch == desktop.epoch && now.power != Power::kDeleted) continue;
    return fail(Errc::kUnavailable, std::format("{} has changed meanwhile: connect again", desktop.name));
  }
  return {};
}

std::expected<std::shared_ptr<Attempt>, ApiError> open_session(Api& api, const Call& call, const Opening& opening) {
  TOBARI_ASSIGN(const auto live, api.store.get([&call](const Reader& reader) {
    return reader.live_sessions_of_user(call.caller.user.id);
  }));
  const std::uint32_t sessions = other_sessions(live, opening.desktops, api.clock.wall());
  auto permissions = ask_policy(api, call, opening, sessions);
  if (!permissions.has_value()) return std::unexpected(std::move(permissions).error());
  const auto refused = [&](const std::string& why) {
    const std::string& first = opening.desktops.front().id.str();
    return std::unexpected(connect_denied(api, call, first, permissions->front().rule, why));
  };
  auto attempt = std::make_shared<Attempt>();
  std::vector<policy::Grant> grants;
  for (const Permission& each : *permissions) grants.push_back(each.grant);
  attempt->grant = policy::narrowest(grants);
  if (attempt->grant.max_monitors < opening.desktops.size()) {
    return refused(std::format("it allows {} monitors, and this is a wall of {}", attempt->grant.max_monitors,
                               opening.desktops.size()));
  }
  attempt->epoch = opening.desktops.front().epoch;
  for (const Desktop& desktop : std::span(opening.desktops).subspan(1)) {
    wire::FurtherDesktop& further = attempt->further.emplace_back();
    further.set_desktop_id(desktop.id.str());
    further.set_epoch(desktop.epoch);
  }
  const bool recorded = attempt->grant.recording != policy::Recording::kNone;
  if (recorded && !api.recording_key && attempt->grant.recording == policy::Recording::kRequired) {
    return refused(kNoRecordingKey);
  }
  attempt->session = offered_session(api, call, opening, attempt->offer);
  attempt->session.access = to_text(SessionAccess{.grant = attempt->grant,
                                                  .client_address = call.request.client_address,
                                                  .client = opening.client.client_kind,
                                                  .sessions = sessions,
                                                  .device = call.request.device});
  auto done = api.store.act([&](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(still_the_same(writer, opening));
    TOBARI_TRY(writer.add_session(attempt->session));
    if (recorded && !api.recording_key) TOBARI_TRY(writer.add_record(no_recording(attempt->session)));
    const std::size_t last = opening.desktops.size() - 1;
    for (std::size_t i = 0; i < last; ++i) {
      TOBARI_TRY(writer.add_record(record_of(call, opening, i, attempt->session, (*permissions)[i].rule)));
    }
    return record_of(call, opening, last, attempt->session, (*permissions)[last].rule);
  });
  TOBARI_TRY(std::move(done));
  if (api.recording_key) {
    attempt->recording_key = api.recording_key;
  } else {
    attempt->grant.recording = policy::Recording::kNone;  // as the audit says
  }
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
  for (const wire::FurtherDesktop& desktop : attempt.further) *message.add_further() = desktop;
  if (attempt.grant.recording != policy::Recording::kNone && attempt.recording_key) {
    message.set_recording_key(as_bytes(attempt.recording_key->bytes));
  }
  return message;
}

Answer connection_reply(const Api& api, const Attempt& attempt, const OpenedDisplay& display) {
  const Session& session = attempt.session;
  const RdpTarget target{
      api.gateway_address,
      api.gateway_port,
      attempt.offer.routing_token,
      session.user_name,
      attempt.grant.find("audio.play") != nullptr,
      !attempt.further.empty(),
      attempt.grant.find("clipboard.to_guest") != nullptr || attempt.grant.find("clipboard.from_guest") != nullptr};
  return json_response(200, {{"session_id", session.id.str()},
                             {"desktop_id", session.desktop.str()},
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
  if (why.code == Errc::kUnavailable && why.message.contains("starting")) return still_starting();
  if (why.code == Errc::kUnavailable) return {std::move(why), "host_away", kAwayRetry};
  if (why.code == Errc::kTimeout) return {std::move(why), "host_timeout", kAwayRetry};
  // Whatever the host's reason was, it is not the client's request that is wrong.
  return {fail(Errc::kUnavailable, "the display could not be opened: " + why.message).error(), "display_failed"};
}

}  // namespace

std::uint32_t other_sessions(const std::vector<Session>& of_caller, const std::vector<Desktop>& desktops, Time now) {
  return static_cast<std::uint32_t>(std::ranges::count_if(of_caller, [&desktops, now](const Session& session) {
    return is_live(session, now) && !std::ranges::contains(desktops, session.desktop, &Desktop::id);
  }));
}

ApiError connect_denied(Api& api, const Call& call, const std::string& object, const std::string& rule,
                        const std::string& why) {
  AuditDraft draft = audit_of(call, "session.open", object);
  draft.outcome = Outcome::kDenied;
  draft.rule = rule;
  draft.detail = with_device(why, call);
  if (auto recorded = api.store.record(std::move(draft)); !recorded.has_value()) return recorded.error();
  return {fail(Errc::kPermissionDenied, std::format("the policy does not let you connect: {}", why)).error(),
          "policy_denied"};
}

void open_display(Api& api, const Call& call, const Opening& opening, const Reply& reply) {
  const auto attempt = open_session(api, call, opening);
  if (!attempt.has_value()) return reply(std::unexpected(attempt.error()));
  const auto opened = [&api, attempt = *attempt, reply, watch = Stopwatch()](Result<OpenedDisplay> display) {
    if (!display.has_value()) return reply(std::unexpected(failed_reply(api, *attempt, std::move(display).error())));
    api.metrics.login_phase(LoginPhase::kDisplayOpen, watch.elapsed());
    reply(connection_reply(api, *attempt, *display));
  };
  api.hosts.open_display((*attempt)->session.host, open_message(**attempt), opened);
}

}  // namespace tobari::broker
