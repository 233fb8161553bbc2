// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/direct_control.h"

#include <algorithm>

#include <tobari/base/log.h>

#include "rpc/life_wire.h"

namespace tobari::broker {

Result<control::Effects> DirectControl::transact(const std::function<Result<control::Effects>(Writer&)>& decide) {
  control::Effects effects;
  auto done = store_.transact([&decide, &effects](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(effects, decide(writer));
    return {};
  });
  TOBARI_TRY(std::move(done));
  for (const HostId& host : effects.changed) hosts_.desired_changed(host);
  for (const control::EndedUse& ended : effects.ended) end_sessions(ended);
  for (const control::DesktopOrder& order : effects.log_offs) hosts_.send(order.host, log_off_message(order));
  for (const control::DesktopOrder& order : effects.restarts) hosts_.send(order.host, restart_message(order));
  return effects;
}

std::shared_ptr<const control::Facts> DirectControl::facts() const { return hosts_.facts(); }

// Whatever is missed here ends with the desktop: its epoch has risen.
void DirectControl::end_sessions(const control::EndedUse& ended) {
  const auto live = store_.get([](const Reader& reader) { return reader.live_sessions(); });
  if (!live.has_value()) {
    return log::warning("sessions of a desktop that was given back are left to its host",
                        {{"desktop", ended.desktop.str()}, {"why", live.error().message}});
  }
  for (const Session& session : *live) {
    const bool shows_it = session.desktop == ended.desktop || std::ranges::contains(session.further, ended.desktop);
    if (shows_it) hosts_.close_session(session.host, session.id, ended.reason);
  }
}

}  // namespace tobari::broker
