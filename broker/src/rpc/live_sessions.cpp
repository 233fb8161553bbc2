// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/live_sessions.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "core/session_state.h"
#include "rpc/host_registry.h"

namespace tobari::broker {
namespace {

constexpr int kMaxChecked = 256;  // host.proto

struct Fresh {
  AccessAnswer answer;  // the first that denies, else the last
  policy::Grant grant;  // for all desktops
};

std::vector<DesktopId> desktops_of(const Session& session) {
  std::vector<DesktopId> desktops{session.desktop};
  desktops.insert(desktops.end(), session.further.begin(), session.further.end());
  return desktops;
}

Fresh ask(const AccessPolicy& policy, const Session& session, const SessionAccess& access,
          const std::map<DesktopId, PoolId>& pool_of, const std::map<PoolId, Pool>& pools) {
  Fresh fresh;
  std::vector<policy::Grant> grants;
  for (const DesktopId& desktop : desktops_of(session)) {
    AccessQuestion question{.user = session.user_name,
                            .desktop_id = desktop.str(),
                            .client_address = access.client_address,
                            .client = access.client,
                            .mfa_level = access.mfa_level,
                            .sessions = access.sessions,
                            .device = access.device};
    // As it is now: who changes a pool's labels means the sessions as well. Of a desktop that is gone nothing is known.
    if (const auto at = pool_of.find(desktop); at != pool_of.end()) {
      const auto pool = pools.find(at->second);
      question.pool = pool == pools.end() ? "" : pool->second.name;
      question.labels = pool == pools.end() ? std::vector<std::string>() : pool->second.labels;
    }
    fresh.answer = policy(question);
    if (!fresh.answer.allowed) return fresh;
    grants.push_back(fresh.answer.grant);
  }
  fresh.grant = policy::narrowest(grants);
  return fresh;
}

AuditDraft record(const Session& session, const char* action, Outcome outcome, std::string rule, std::string detail) {
  return {.actor = session.user_name,
          .action = action,
          .object = session.id.str(),
          .client_address = session.client_address,
          .outcome = outcome,
          .rule = std::move(rule),
          .detail = std::move(detail)};
}

}  // namespace

void LiveSessions::start() {
  passes_ = 1;  // rules and times may have changed while nobody looked
  // From now on, not from when the thread gets its turn: what ends in between is not missed.
  thread_ = std::jthread(
      [this, minute = minute_of(parts_.clock.wall())](const std::stop_token& token) { run(token, minute); });
}

void LiveSessions::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  changed_.notify_all();
  thread_.join();
}

void LiveSessions::policy_changed() {
  {
    const std::scoped_lock lock(mutex_);
    passes_ = 2;
  }
  changed_.notify_all();
}

void LiveSessions::run(const std::stop_token& stop, Minute minute) {
  while (!stop.stop_requested()) {
    bool due = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kTick, [this] { return passes_ == 2; });
      if (stop.stop_requested()) return;
      due = passes_ > 0;
      if (due) --passes_;
    }
    const Minute now = minute_of(parts_.clock.wall());
    const bool other_minute = std::exchange(minute, now) != now;
    if (due || other_minute) evaluate();
    if (other_minute) check();
  }
}

void LiveSessions::evaluate() {
  const std::scoped_lock lock(evaluating_);
  for (const auto& [id, each] : std::exchange(told_, {})) tell(each.first, each.second);
  const auto seen = read();
  bool failed = !seen.has_value();
  if (failed) {
    log::error("live sessions are not held to the policy", {{"why", describe(seen.error())}});
  } else {
    const Time now = parts_.clock.wall();
    for (const Session& session : seen->sessions) {
      if (!is_live(session, now)) continue;
      if (const auto judged = judge(session, seen->pools); !judged.has_value()) {
        log::error("what a session lost is not written down",
                   {{"session", session.id.str()}, {"why", describe(judged.error())}});
        failed = true;
      }
    }
  }
  if (!failed) return;
  const std::scoped_lock again(mutex_);
  passes_ = std::max(passes_, 1);
}

Result<LiveSessions::Seen> LiveSessions::read() const {
  return parts_.store.get([](const Reader& reader) -> Result<Seen> {
    Seen seen;
    TOBARI_ASSIGN(seen.sessions, reader.live_sessions());
    TOBARI_ASSIGN(seen.pools.of, reader.pools_of_live_sessions());
    for (const Session& session : seen.sessions) {
      for (const DesktopId& id : session.further) {
        auto desktop = reader.desktop(id);
        if (desktop.has_value()) {
          seen.pools.of.emplace(id, desktop->pool);
        } else if (desktop.error().code != Errc::kNotFound) {
          return std::unexpected<Error>(desktop.error());
        }
      }
    }
    TOBARI_ASSIGN(const auto pools, reader.pools());
    for (const Pool& pool : pools) seen.pools.all.emplace(pool.id, pool);
    return seen;
  });
}

Result<void> LiveSessions::judge(const Session& session, const Pools& pools) {
  const auto stored = parse_access(session.access);
  if (!stored.has_value()) {  // nobody knows what it may: nothing
    AccessAnswer why;
    why.reason = "what it was granted cannot be read";
    return end(session, {}, why);
  }
  SessionAccess access = *stored;
  if (!access.ended_because.empty()) return {};  // it is being ended
  Fresh fresh = ask(parts_.policy, session, access, pools.of, pools.all);
  if (fresh.answer.allowed) {
    if (session.access.empty()) return {};  // of before this was kept
    if (const auto why = must_end(access.grant, fresh.grant)) {
      fresh.answer.allowed = false;
      fresh.answer.reason = *why;
    }
  }
  if (!fresh.answer.allowed) return end(session, std::move(access), fresh.answer);
  policy::Grant now = narrowed(access.grant, fresh.grant);
  if (now == access.grant) return {};
  return narrow(session, std::move(access), std::move(now));
}

Result<void> LiveSessions::end(const Session& session, SessionAccess access, const AccessAnswer& why) {
  access.ended_because = why.reason.empty() ? "the policy does not allow it any more" : why.reason;
  tell(session, access);
  told_.insert_or_assign(session.id, std::pair(session, access));
  log::info("session ends by the policy", {{"session", session.id.str()}, {"why", access.ended_because}});
  return parts_.store.act([&session, &access, &why](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.set_access(session.id, to_text(access)));
    return record(session, "session.policy_end", Outcome::kDenied, why.rule, access.ended_because);
  });
}

Result<void> LiveSessions::narrow(const Session& session, SessionAccess access, policy::Grant now) {
  const std::string less = describe_less(access.grant, now);
  access.grant = std::move(now);
  access.narrowed = true;
  tell(session, access);
  told_.insert_or_assign(session.id, std::pair(session, access));
  log::info("session may do less", {{"session", session.id.str()}, {"what", less}});
  return parts_.store.act([&session, &access, &less](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.set_access(session.id, to_text(access)));
    return record(session, "session.narrowed", Outcome::kDone, "", less);
  });
}

void LiveSessions::tell(const Session& session, const SessionAccess& access) {
  if (!access.ended_because.empty()) {
    parts_.hosts.close_session(session.host, session.id, access.ended_because, true);
  } else if (access.narrowed) {
    parts_.hosts.narrow_session(session.host, session.id, access.grant);
  }
}

void LiveSessions::host_attached(const HostId& host) {
  const auto sessions = parts_.store.get([&host](const Reader& reader) { return reader.live_sessions_of_host(host); });
  if (!sessions.has_value()) return policy_changed();  // and it is asked at the next minute
  for (const Session& session : *sessions) {
    if (const auto access = parse_access(session.access)) tell(session, *access);
  }
  ask_hosts(*sessions);
}

void LiveSessions::check() {
  const auto sessions = parts_.store.get([](const Reader& reader) { return reader.live_sessions(); });
  if (!sessions.has_value()) {
    return log::warning("hosts are not asked about their sessions now", {{"why", describe(sessions.error())}});
  }
  ask_hosts(*sessions);
}

void LiveSessions::ask_hosts(std::span<const Session> sessions) {
  std::map<HostId, wire::ToHost> questions;
  for (const Session& session : sessions) {
    if (session.state != SessionState::kConnected) continue;
    wire::ToHost& question = questions[session.host];
    question.mutable_check_sessions()->add_session_ids(session.id.str());
    if (question.check_sessions().session_ids_size() < kMaxChecked) continue;
    parts_.hosts.send(session.host, std::exchange(question, wire::ToHost()));
  }
  for (auto& [host, question] : questions) {
    if (question.has_check_sessions()) parts_.hosts.send(host, std::move(question));
  }
}

}  // namespace tobari::broker
