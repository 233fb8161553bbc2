// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/direct_control.h"

#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "core/session_state.h"
#include "rpc/life_wire.h"

namespace tobari::broker {
namespace {

wire::ToHost grant_message(const control::GrantedLease& lease) {
  wire::ToHost message;
  message.mutable_lease()->set_number(lease.number);
  message.mutable_lease()->set_kind(wire::LeaseAnswer::GRANTED);
  message.mutable_lease()->set_revision(lease.revision);
  return message;
}

}  // namespace

Result<control::Effects> DirectControl::transact(const std::function<Result<control::Effects>(Writer&)>& decide) {
  control::Effects effects;
  auto done = store_.transact([&decide, &effects](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(effects, decide(writer));
    return {};
  });
  TOBARI_TRY(std::move(done));
  carry_out(effects);
  return effects;
}

Result<control::Effects> DirectControl::decide(const control::Event& event) {
  return transact([this, &event](Writer& writer) { return control::handle(writer, event, clock_.wall()); });
}

std::shared_ptr<const control::Facts> DirectControl::facts() const { return hosts_.facts(); }

void DirectControl::carry_out(const control::Effects& effects) {
  // First, so that sessions end with the reason: a host ends those of a desktop whose epoch rises without one.
  end_sessions(effects.ended);
  for (const HostId& host : effects.changed) hosts_.desired_changed(host);
  // After what a host must know for its lease to be good.
  for (const control::GrantedLease& lease : effects.leases) hosts_.send(lease.host, grant_message(lease));
  for (const control::DesktopOrder& order : effects.log_offs) hosts_.send(order.host, log_off_message(order));
  for (const control::DesktopOrder& order : effects.restarts) hosts_.send(order.host, restart_message(order));
  if (effects.more && more_) more_();
}

// Whatever is missed here its host ends: the desktop's epoch has risen.
void DirectControl::end_sessions(const std::vector<control::EndedUse>& ended) {
  for (const control::EndedUse& use : ended) {
    const auto live = store_.get([&use](const Reader& reader) { return reader.live_sessions_of_user(use.user); });
    if (!live.has_value()) {
      log::warning("sessions of a desktop that was given back are left to their host",
                   {{"desktop", use.desktop.str()}, {"why", live.error().message}});
      continue;
    }
    for (const Session& session : *live) {
      if (shows(session, use.desktop)) hosts_.close_session(session.host, session.id, use.reason);
    }
  }
}

}  // namespace tobari::broker
