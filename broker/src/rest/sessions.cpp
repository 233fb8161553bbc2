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
  const auto missing = fail(Errc::kNotFound, "there is no such session");
  const auto id = SessionId::parse(call.path.find("id")->second);
  if (!id.has_value()) return std::unexpected<Error>(missing.error());
  const auto session = api.store.get([&id](const Reader& reader) { return reader.session(*id); });
  if (!session.has_value()) {
    return std::unexpected<Error>(session.error().code == Errc::kNotFound ? missing.error() : session.error());
  }
  const User& caller = call.caller.user;
  if (caller.role != Role::kAdmin && session->user != caller.id) return std::unexpected<Error>(missing.error());
  auto done = api.store.act([&call, &id](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const Session now, writer.session(*id));
    // An offer that nobody has used yet ends here; a connected one when its host says that it has.
    if (now.state == SessionState::kOffered) {
      TOBARI_TRY(writer.update_session(*id, SessionState::kEnded, now.client_address, now.client_name,
                                       "ended by " + call.caller.user.name));
    }
    return audit_of(call, "session.end", id->str());
  });
  TOBARI_TRY(std::move(done));
  api.hosts.close_session(session->host, session->id, "ended by " + caller.name);
  return empty_response(202);
}

}  // namespace

std::vector<Route> session_routes(Api& api) {
  return {
      {"GET", "/api/v1/sessions", Access::kUser,
       at_once([&api](const Call& call) { return list_sessions(api, call); })},
      {"DELETE", "/api/v1/sessions/{id}", Access::kUser,
       at_once([&api](const Call& call) { return end_session(api, call); })},
  };
}

}  // namespace tobari::broker
