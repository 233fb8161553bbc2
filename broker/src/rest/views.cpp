// SPDX-License-Identifier: GPL-3.0-or-later
// How things look in answers.
#include <algorithm>
#include <utility>

#include "core/names.h"
#include "core/session_state.h"
#include "rest/api.h"

namespace tobari::broker {
namespace {

const char* word_of(DesktopStatus::State state) {
  switch (state) {
    case DesktopStatus::State::kStopped:
      return "stopped";
    case DesktopStatus::State::kStarting:
      return "starting";
    case DesktopStatus::State::kRunning:
      return "running";
    case DesktopStatus::State::kFailed:
      return "failed";
    case DesktopStatus::State::kUnreachable:
      return "unreachable";
  }
  return "unreachable";
}

void add_if(nlohmann::ordered_json& object, const char* member, const std::string& value) {
  if (!value.empty()) object[member] = value;
}

}  // namespace

Response json_response(int status, const nlohmann::ordered_json& body) {
  return {.status = status,
          .content_type = "application/json",
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          .headers = {}};
}

Response empty_response(int status) { return {.status = status, .content_type = "", .body = "", .headers = {}}; }

AuditDraft audit_of(const Call& call, std::string action, std::string object) {
  return {.actor = call.caller.user.name,
          .action = std::move(action),
          .object = std::move(object),
          .client_address = call.request.client_address,
          .outcome = Outcome::kDone,
          .rule = "",
          .detail = ""};
}

control::Who who_of(const Call& call) { return {call.caller.user.name, call.request.client_address}; }

Result<control::Effects> decide(const Api& api, const control::Event& event,
                                const std::function<Result<void>(Writer&)>& also) {
  return api.control.transact([&api, &event, &also](Writer& writer) -> Result<control::Effects> {
    TOBARI_ASSIGN(auto effects, control::handle(writer, event, api.clock.wall(), api.control.settings));
    TOBARI_TRY(also(writer));
    return effects;
  });
}

nlohmann::ordered_json view(const User& user) { return {{"name", user.name}, {"role", to_string(user.role)}}; }

nlohmann::ordered_json view(const Desktop& desktop, const DesktopStatus& status) {
  nlohmann::ordered_json object{{"id", desktop.id.str()},           {"name", desktop.name},
                                {"user", desktop.user_name},        {"host", desktop.host_name},
                                {"image", desktop.image},           {"vcpus", desktop.vcpus},
                                {"memory_mib", desktop.memory_mib}, {"state", word_of(status.state)}};
  if (status.private_mib > 0) object["memory_private_mib"] = status.private_mib;
  add_if(object, "pool", desktop.pool_name);
  if (desktop.power == Power::kOff && desktop.rest != Rest::kStopped) object["rest"] = to_string(desktop.rest);
  if (desktop.ending) {
    object["ends_at"] = format_time(desktop.ending->at);
    add_if(object, "ends_because", desktop.ending->text);
  }
  add_if(object, "detail", status.detail);
  return object;
}

nlohmann::ordered_json view(const Pool& pool, const PoolFill& fill) {
  nlohmann::ordered_json object{{"id", pool.id.str()}, {"name", pool.name}, {"kind", to_string(pool.kind)}};
  if (pool.kind != PoolKind::kManual) {
    object["image"] = pool.image;
    object["machine"] = to_string(pool.machine);
    object["vcpus"] = pool.vcpus;
    object["memory_mib"] = pool.memory_mib;
    object["heads"] = pool.heads;
    object["min"] = pool.min;
    object["max"] = pool.max;
    object["spares"] = pool.spares;
  }
  if (pool.kind == PoolKind::kFloating) object["keep_seconds"] = pool.keep.count();
  if (pool.kind == PoolKind::kDedicated) object["renewal"] = to_string(pool.renewal);
  object["labels"] = pool.labels;
  if (!pool.plan.empty()) object["plan"] = nlohmann::ordered_json::parse(pool.plan, nullptr, false);
  object["state"] = pool.closing ? "closing" : pool.open ? "open" : "closed";
  object["desktops"] = fill.desktops;
  object["assigned"] = fill.assigned;
  object["free"] = fill.desktops - std::min(fill.assigned, fill.desktops);
  object["leaving"] = fill.leaving;
  return object;
}

nlohmann::ordered_json view(const Session& session, Time now) {
  nlohmann::ordered_json object{{"id", session.id.str()},
                                {"desktop_id", session.desktop.str()},
                                {"user", session.user_name},
                                {"state", to_string(effective_state(session, now))},
                                {"created_at", format_time(session.created_at)}};
  if (!session.further.empty()) {
    auto desktops = nlohmann::ordered_json::array({session.desktop.str()});
    for (const DesktopId& id : session.further) desktops.push_back(id.str());
    object["desktop_ids"] = std::move(desktops);
  }
  add_if(object, "client_address", session.client_address);
  add_if(object, "client_name", session.client_name);
  add_if(object, "detail", session.detail);
  return object;
}

nlohmann::ordered_json view(const AuditRecord& record) {
  const AuditDraft& what = record.draft;
  return {{"sequence", record.sequence},
          {"time", format_time(record.time)},
          {"actor", what.actor},
          {"action", what.action},
          {"object", what.object},
          {"client_address", what.client_address},
          {"outcome", to_string(what.outcome)},
          {"rule", what.rule},
          {"detail", what.detail},
          {"previous", record.previous},
          {"hash", record.hash}};
}

}  // namespace tobari::broker
