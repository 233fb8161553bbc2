// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/session_reports.h"

#include <format>
#include <optional>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "core/session_state.h"
#include "core/sha256.h"
#include "rpc/host_registry.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxTextBytes = 256;
constexpr std::size_t kTokenCharacters = 43;

struct Kind {
  std::optional<SessionEventKind> kind;  // none: it says nothing of the session itself
  const char* action;
  Outcome outcome;
};

std::optional<Kind> kind_of(wire::SessionEvent::Kind kind) {
  switch (kind) {
    case wire::SessionEvent::CONNECTED:
      return Kind{SessionEventKind::kConnected, "session.connected", Outcome::kDone};
    case wire::SessionEvent::DISCONNECTED:
      return Kind{SessionEventKind::kDisconnected, "session.disconnected", Outcome::kDone};
    case wire::SessionEvent::REFUSED:
      return Kind{SessionEventKind::kRefused, "session.refused", Outcome::kDenied};
    case wire::SessionEvent::VIOLATION:
      return Kind{SessionEventKind::kViolation, "session.violation", Outcome::kDenied};
    case wire::SessionEvent::ENDED:
      return Kind{SessionEventKind::kEnded, "session.ended", Outcome::kDone};
    case wire::SessionEvent::DENIED:
      return Kind{SessionEventKind::kViolation, "channel.denied", Outcome::kDenied};
    case wire::SessionEvent::NOTICE_READ:
      return Kind{SessionEventKind::kViolation, "session.notice_read", Outcome::kDone};
    case wire::SessionEvent::RECORDING_STARTED:
      return Kind{std::nullopt, "recording.started", Outcome::kDone};
    case wire::SessionEvent::RECORDING_ENDED:
      return Kind{std::nullopt, "recording.ended", Outcome::kDone};
    case wire::SessionEvent::RECORDING_FAILED:
      return Kind{std::nullopt, "recording.failed", Outcome::kFailed};
    case wire::SessionEvent::RECORDING_DELETED:
      return Kind{std::nullopt, "recording.deleted", Outcome::kDone};
    default:
      return std::nullopt;
  }
}

// Not cut inside a UTF-8 character: the text goes into JSON.
std::string short_text(const std::string& text) {
  if (text.size() <= kMaxTextBytes) return text;
  std::size_t end = kMaxTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

const std::string& or_else(const std::string& text, const std::string& otherwise) {
  return text.empty() ? otherwise : text;
}

}  // namespace

Result<void> store_session_event(StateStore& store, const Clock& clock, const BrokerMetrics& metrics, const Node& host,
                                 const wire::SessionEvent& event) {
  const auto kind = kind_of(event.kind());
  const auto id = SessionId::parse(event.session_id());
  if (!kind.has_value() || !id.has_value() || !is_uuid(event.event_id())) {
    log::warning("session event dropped: malformed", {{"host", host.name}});
    return {};
  }
  std::optional<Time> offered;  // when, if the client that it was offered to has come
  auto stored = store.act([&clock, &host, &event, &kind, &id, &offered](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const bool repeated, writer.event_is_stored(event.event_id()));
    if (repeated) return fail(Errc::kAlreadyExists, "stored before");
    TOBARI_ASSIGN(const Session session, writer.session(*id));
    if (session.host != host.id) return fail(Errc::kPermissionDenied, "the session is not of this host");
    TOBARI_TRY(writer.add_event(event.event_id(), *id, clock.wall()));
    if (kind->kind == SessionEventKind::kConnected && session.state == SessionState::kOffered) {
      offered = session.created_at;
    }
    if (kind->kind) {
      TOBARI_TRY(writer.update_session(*id, next_state(session.state, *kind->kind),
                                       or_else(short_text(event.client_address()), session.client_address),
                                       or_else(short_text(event.client_name()), session.client_name),
                                       or_else(short_text(event.detail()), session.detail)));
    }
    // What the host keeps is the host's act, not the user's.
    return AuditDraft{.actor = kind->kind ? session.user_name : "host/" + host.name,
                      .action = kind->action,
                      .object = session.id.str(),
                      .client_address = or_else(short_text(event.client_address()), session.client_address),
                      .outcome = kind->outcome,
                      .rule = "",
                      .detail = short_text(event.detail())};
  });
  if (stored.has_value()) {
    if (offered) metrics.login_phase(LoginPhase::kFirstClient, since(*offered, clock.wall()));
    return {};
  }
  switch (stored.error().code) {
    case Errc::kAlreadyExists:
      return {};
    case Errc::kNotFound:
    case Errc::kPermissionDenied:
      log::warning("session event dropped", {{"host", host.name}, {"why", stored.error().message}});
      return {};
    default:
      return stored;
  }
}

Result<wire::RedeemRouteReply> redeem_route(StateStore& store, const Clock& clock, const BrokerMetrics& metrics,
                                            const HostRegistry& hosts, const Node& gateway,
                                            const wire::RedeemRouteRequest& request) {
  const std::string client = short_text(request.client_address());
  const auto refuse = [&store, &gateway, &client](const std::string& object, const char* why) -> Error {
    const auto recorded = store.record({.actor = "gateway/" + gateway.name,
                                        .action = "route.redeem",
                                        .object = object,
                                        .client_address = client,
                                        .outcome = Outcome::kDenied,
                                        .rule = "",
                                        .detail = why});
    if (!recorded.has_value()) return recorded.error();
    return fail(Errc::kNotFound, "the routing token leads nowhere").error();
  };
  // Whatever cannot be a token of ours costs no disk write: anybody can send it.
  if (request.routing_token().size() != kTokenCharacters) {
    return fail(Errc::kNotFound, "the routing token leads nowhere");
  }
  const std::string hash = sha256_hex(request.routing_token());
  const auto session = store.get([&hash](const Reader& reader) { return reader.session_by_route(hash); });
  if (!session.has_value()) {
    if (session.error().code != Errc::kNotFound) return std::unexpected<Error>(session.error());
    log::warning("unknown routing token", {{"gateway", gateway.name}, {"client", client}});
    return fail(Errc::kNotFound, "the routing token leads nowhere");
  }
  const std::string object = session->id.str();
  if (session->routed) return std::unexpected<Error>(refuse(object, "the routing token was used before"));
  if (effective_state(*session, clock.wall()) != SessionState::kOffered) {
    return std::unexpected<Error>(refuse(object, "the routing token came too late"));
  }
  const auto host = hosts.info(session->host);
  if (!host.has_value()) return std::unexpected<Error>(refuse(object, "the host is not connected"));
  auto redeemed = store.act([&session, &gateway, &client, &object](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.mark_routed(session->id, client));
    return AuditDraft{.actor = "gateway/" + gateway.name,
                      .action = "route.redeem",
                      .object = object,
                      .client_address = client,
                      .outcome = Outcome::kAllowed,
                      .rule = "",
                      .detail = "for " + session->user_name};
  });
  TOBARI_TRY(std::move(redeemed));
  metrics.login_phase(LoginPhase::kRoute, since(session->created_at, clock.wall()));
  wire::RedeemRouteReply reply;
  reply.set_address(host->front_address);
  reply.set_port(host->front_port);
  reply.set_session_id(object);
  return reply;
}

}  // namespace tobari::broker
