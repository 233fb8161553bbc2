// SPDX-License-Identifier: GPL-3.0-or-later
// /sessions
#include "core/names.h"
#include "core/session_state.h"
#include "rest/api.h"

namespace tobari::broker {
namespace {

Answer list_sessions(Api& api, const Call& call) {
  const User& caller = call.caller.user;
  TOBARI_ASSIGN(const auto sessions, api.store.get([&caller](const Reader& reader) {
    return caller.role == Role::kAdmin ? reader.sessions(kMaxSessionList)
                                       : reader.sessions_of_user(caller.id, kMaxSessionList);
  }));
  auto list = nlohmann::ordered_json::array();
  const Time now = api.clock.wall();
  for (const Session& session : sessions) list.push_back(view(session, now));
  return json_response(200, {{"sessions", std::move(list)}});
}

Answer end_session(Api& api, const Call& call) {
  TOBARI_ASSIGN(const Session session, session_of(api, call));
  const std::string why = "ended by " + call.caller.user.name;
  auto done = api.store.act([&call, &session, &why](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const Session now, writer.session(session.id));
    // An offer that nobody has used yet ends here; a connected one when its host says that it has.
    if (now.state == SessionState::kOffered) {
      TOBARI_TRY(writer.update_session(session.id, SessionState::kEnded, now.client_address, now.client_name, why));
    }
    return audit_of(call, "session.end", session.id.str());
  });
  TOBARI_TRY(std::move(done));
  api.hosts.close_session(session.host, session.id, why);
  return empty_response(202);
}

}  // namespace

Result<Session> session_of(const Api& api, const Call& call) {
  const auto missing = [] { return fail(Errc::kNotFound, "there is no such session"); };
  const auto id = SessionId::parse(call.path.find("id")->second);
  if (!id.has_value()) return missing();
  auto session = api.store.get([&id](const Reader& reader) { return reader.session(*id); });
  if (!session.has_value()) {
    if (session.error().code == Errc::kNotFound) return missing();
    return session;
  }
  const User& caller = call.caller.user;
  if (caller.role != Role::kAdmin && session->user != caller.id) return missing();
  return session;
}

std::vector<Route> session_routes(Api& api) {
  return {
      {"GET", "/api/v1/sessions", Access::kUser,
       at_once([&api](const Call& call) { return list_sessions(api, call); })},
      {"DELETE", "/api/v1/sessions/{id}", Access::kUser,
       at_once([&api](const Call& call) { return end_session(api, call); })},
  };
}

}  // namespace tobari::broker
