// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <utility>

#include <tobari/base/wall.h>

#include "host/host_agent.h"

namespace tobari::vmhost {

Result<HostAgent::Desktops> HostAgent::ordered(const wire::OpenDisplay& request) const {
  if (std::cmp_greater_equal(request.further_size(), kMaxWallDesktops)) {
    return fail(Errc::kInvalidArgument, "a wall of more desktops than a client can have monitors");
  }
  Desktops desktops;
  TOBARI_ASSIGN(auto first, ordered(request.desktop_id(), request.epoch()));
  desktops.push_back(std::move(first));
  for (const wire::FurtherDesktop& further : request.further()) {
    TOBARI_ASSIGN(auto each, ordered(further.desktop_id(), further.epoch()));
    if (std::ranges::contains(desktops, each)) return fail(Errc::kInvalidArgument, "a wall shows a desktop once");
    desktops.push_back(std::move(each));
  }
  return desktops;
}

// Of the walls with one desktop at most one waits for its client, the newest, and at most one shows it: so however many
// are asked for, there are no more processes than that.
Result<std::string> HostAgent::open_wall(const wire::OpenDisplay& request, const Desktops& desktops) {
  for (const auto& desktop : desktops) TOBARI_TRY(desktop->showable());
  const std::string& session = request.session_id();
  if (Wall* const known = wall_of(session)) return known->arm(request);
  const std::uint32_t slot = free_slot();
  auto made =
      std::make_unique<Wall>(services_, session, desktops, slot, callbacks_for(session, desktops.front()->id()));
  end_walls(*made, &Wall::waits, "another wall was opened");
  return (walls_[session] = std::move(made))->arm(request);
}

Wall::Callbacks HostAgent::callbacks_for(const std::string& session, const DesktopId& first) {
  return {.on_ready =
              [this] {
                warn_walls();
                services_.changed();
              },
          .on_signed_in =
              [this, session] {
                if (const Wall* const wall = wall_of(session))
                  end_walls(*wall, &Wall::shows, "another wall was opened");
              },
          .on_session = [this, first](const wire::Session& each) { tell(first, each); },
          .on_transfer = [this, session](const wire::Transfer& transfer) { ask_broker(session, transfer); },
          .on_over =
              [this, session] {
                services_.loop.post([this, session] {
                  if (const auto id = SessionId::parse(session)) armed_.forget(*id);
                  held_.over(session);
                  walls_.erase(session);
                });
              }};
}

void HostAgent::end_walls(const Wall& newest, bool (Wall::*which)() const noexcept, const std::string& reason) {
  for (const auto& [session, wall] : walls_) {
    if (wall.get() == &newest || !((*wall).*which)()) continue;
    const bool shares = std::ranges::any_of(
        newest.desktops(), [&wall](const std::shared_ptr<Desktop>& desktop) { return wall->holds(*desktop); });
    if (shares) wall->end(Wall::Why::kTakenOver, reason);
  }
}

void HostAgent::end_walls_of(const DesktopId& desktop, const std::string& reason) {
  const auto found = desktops_.find(desktop);
  if (found == desktops_.end()) return;
  for (const auto& [session, wall] : walls_) {
    if (wall->shows() && wall->holds(*found->second)) wall->end(Wall::Why::kTakenOver, reason);
  }
}

Wall* HostAgent::wall_of(const std::string& session) const {
  const auto found = walls_.find(session);
  return found == walls_.end() ? nullptr : found->second.get();
}

}  // namespace tobari::vmhost
