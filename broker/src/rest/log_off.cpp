// SPDX-License-Identifier: GPL-3.0-or-later
// /desktops/{id}/logoff and /sessions/{id}/logoff: the user has finished. A floating desktop is given back and is gone;
// any other is kept, and its sessions end.
#include <algorithm>
#include <format>
#include <utility>

#include "core/session_state.h"
#include "rest/api.h"
#include "rest/idempotency.h"

namespace tobari::broker {
namespace {

// Offers of this desktop that nobody has used yet lead nowhere any more. All its live sessions, for whoever tells the
// host.
Result<std::vector<Session>> end_offers(Writer& writer, const Desktop& desktop, const std::string& why) {
  TOBARI_ASSIGN(auto sessions, writer.live_sessions_of_user(desktop.user));
  std::erase_if(sessions, [&desktop](const Session& session) { return !shows(session, desktop.id); });
  for (const Session& session : sessions) {
    if (session.state != SessionState::kOffered) continue;
    TOBARI_TRY(
        writer.update_session(session.id, SessionState::kEnded, session.client_address, session.client_name, why));
  }
  return sessions;
}

void tell_hosts(const Api& api, const std::vector<Session>& sessions, const std::string& why) {
  for (const Session& session : sessions) api.hosts.close_session(session.host, session.id, why);
}

Answer give_back_floating(Api& api, const Call& call, const Desktop& desktop, const std::string& why) {
  const Response response = json_response(202, {{"desktop", "given_back"}});
  const control::GiveBack event{.desktop = desktop.id, .user = desktop.user, .reason = why, .who = who_of(call)};
  std::vector<Session> sessions;
  const auto also = [&](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(sessions, end_offers(writer, desktop, why));
    return remember_answer(writer, call, response, api.clock.wall());
  };
  TOBARI_TRY(decide(api, event, also));
  // Those that were connected are ended with the desktop's use; offers are over already, and the host knows nothing.
  std::erase_if(sessions, [](const Session& session) { return session.state != SessionState::kOffered; });
  tell_hosts(api, sessions, why);
  return response;
}

Answer end_kept(Api& api, const Call& call, const Desktop& desktop, const std::string& why) {
  const Response response = json_response(202, {{"desktop", "kept"}});
  std::vector<Session> sessions;
  const auto also = [&](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(sessions, end_offers(writer, desktop, why));
    AuditDraft draft = audit_of(call, "session.logoff", desktop.id.str());
    draft.detail = std::format("{} of {}", desktop.name, desktop.user_name);
    TOBARI_TRY(writer.add_record(std::move(draft)));
    return remember_answer(writer, call, response, api.clock.wall());
  };
  // The guest's session ends as well, and the machine where its pool says so.
  TOBARI_TRY(decide(
      api,
      control::LogOff{.desktop = desktop.id, .user = desktop.user, .who = who_of(call), .facts = api.control.facts()},
      also));
  tell_hosts(api, sessions, why);
  return response;
}

Answer log_off(Api& api, const Call& call, const Desktop& desktop) {
  if (desktop.user.empty()) {
    return std::unexpected<Error>(
        fail(Errc::kAlreadyExists, "the desktop is nobody's: nobody is to be logged off").error());
  }
  const std::string why = "log-off by " + call.caller.user.name;
  const bool floating = !desktop.pool.empty() && desktop.pool_kind == PoolKind::kFloating;
  return floating ? give_back_floating(api, call, desktop, why) : end_kept(api, call, desktop, why);
}

Answer log_off_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(auto earlier, earlier_answer(api, call));
  if (earlier.has_value()) return *std::move(earlier);
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  return log_off(api, call, desktop);
}

// Of the session's first desktop. One that is not there any more, or somebody else's by now, was given back before: the
// same answer again.
Answer log_off_session(Api& api, const Call& call) {
  TOBARI_ASSIGN(auto earlier, earlier_answer(api, call));
  if (earlier.has_value()) return *std::move(earlier);
  TOBARI_ASSIGN(const Session session, session_of(api, call));
  const auto desktop = api.store.get([&session](const Reader& reader) { return reader.desktop(session.desktop); });
  if (!desktop.has_value() && desktop.error().code != Errc::kNotFound) return std::unexpected<Error>(desktop.error());
  if (!desktop.has_value() || desktop->user != session.user) return json_response(202, {{"desktop", "given_back"}});
  return log_off(api, call, *desktop);
}

}  // namespace

std::vector<Route> log_off_routes(Api& api) {
  return {
      {"POST", "/api/v1/desktops/{id}/logoff", Access::kUser,
       at_once([&api](const Call& call) { return log_off_desktop(api, call); })},
      {"POST", "/api/v1/sessions/{id}/logoff", Access::kUser,
       at_once([&api](const Call& call) { return log_off_session(api, call); })},
  };
}

}  // namespace tobari::broker
