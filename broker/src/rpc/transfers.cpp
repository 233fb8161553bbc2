// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/transfers.h"

#include <chrono>
#include <format>
#include <utility>

#include <tobari/base/log.h>

#include "core/session_access.h"
#include "core/session_state.h"

namespace tobari::broker {
namespace {

// What no display lets through (display/clipboard.h), so that no sum runs over.
constexpr std::uint64_t kMostEver = std::uint64_t{1} << 32;

struct Verdict {
  Outcome outcome = Outcome::kDenied;
  std::string rule;
  std::string why;  // it is denied
};

Result<Verdict> judge(const Writer& writer, const Session& session, const wire::TransferAsked& asked,
                      std::int64_t day) {
  TOBARI_ASSIGN(const SessionAccess access, parse_access(session.access));
  const policy::ChannelGrant* const channel = access.grant.find(asked.channel());
  if (session.state != SessionState::kConnected || !access.ended_because.empty()) {
    return Verdict{Outcome::kDenied, "", "the session is over"};
  }
  const auto format = policy::find_format(asked.format());
  if (channel == nullptr || !format || !channel->limits.formats.has(*format)) {
    return Verdict{Outcome::kDenied, "", "it is not granted"};
  }
  const policy::Limits& limits = channel->limits;
  if (asked.bytes() > limits.bytes_per_transfer.value_or(kMostEver)) {
    return Verdict{Outcome::kDenied, channel->rule, "more than passes at once"};
  }
  TOBARI_ASSIGN(const std::uint64_t moved, writer.bytes_moved(session.user, asked.channel(), day));
  if (limits.bytes_per_day && (moved > *limits.bytes_per_day || asked.bytes() > *limits.bytes_per_day - moved)) {
    return Verdict{Outcome::kDenied, channel->rule,
                   std::format("more than a day's {} bytes, {} of which have passed", *limits.bytes_per_day, moved)};
  }
  return Verdict{Outcome::kAllowed, channel->rule, ""};
}

}  // namespace

wire::TransferAnswered enter_transfer(StateStore& store, const Clock& clock, const Node& host,
                                      const wire::TransferAsked& asked) {
  wire::TransferAnswered answer;
  answer.set_session_id(asked.session_id());
  answer.set_id(asked.id());
  const auto id = SessionId::parse(asked.session_id());
  if (!id.has_value()) {
    answer.set_reason("no such session");
    return answer;
  }
  const std::int64_t day = std::chrono::floor<std::chrono::days>(clock.wall()).time_since_epoch().count();
  Verdict verdict;
  const auto stored = store.act([&](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const Session session, writer.session(*id));
    if (session.host != host.id) return fail(Errc::kPermissionDenied, "the session is not of this host");
    TOBARI_ASSIGN(verdict, judge(writer, session, asked, day));
    const bool allowed = verdict.outcome == Outcome::kAllowed;
    if (allowed) TOBARI_TRY(writer.add_bytes_moved(session.user, asked.channel(), day, asked.bytes()));
    return AuditDraft{
        .actor = session.user_name,
        .action = allowed ? "channel.transfer" : "channel.denied",
        .object = session.id.str(),
        .client_address = session.client_address,
        .outcome = verdict.outcome,
        .rule = verdict.rule,
        .detail = std::format("{} {} {} bytes{}{}", allowed ? asked.channel() : asked.channel().substr(0, 64),
                              asked.format().substr(0, 16), asked.bytes(), allowed ? "" : ": ", verdict.why)};
  });
  if (!stored.has_value()) {
    log::warning("transfer refused", {{"host", host.name}, {"why", describe(stored.error())}});
    answer.set_reason("it could not be written down");
    return answer;
  }
  answer.set_allowed(verdict.outcome == Outcome::kAllowed);
  answer.set_reason(verdict.why);
  return answer;
}

}  // namespace tobari::broker
