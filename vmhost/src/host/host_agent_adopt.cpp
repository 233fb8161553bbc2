// SPDX-License-Identifier: GPL-3.0-or-later
// What an earlier life of this program left is gone on with: display processes, their sessions, walls and recordings
// (docs/RESTARTS.md). What it was told to keep is in the file of the desired state; what the policy says now the broker
// says again when it is there.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <tobari/base/log.h>

#include "host/claims.h"
#include "host/host_agent.h"

namespace tobari::vmhost {
namespace {

constexpr auto kMostSlots = static_cast<std::uint32_t>(2 * HostAgent::kMaxDesktops);  // desktops and walls

wire::Session ended_session(const std::string& id, const char* why) {
  wire::Session session;
  session.set_session_id(id);
  session.set_kind(wire::Session::DISCONNECTED);
  session.set_detail(why);
  return session;
}

}  // namespace

// Which user a process runs as was given by its slot; nobody else may get that one. Those of a service manager have
// users of its choice.
std::optional<std::uint32_t> HostAgent::adopted_slot(const std::string& display) const {
  const auto found = adopted_.displays.find(display);
  if (found == adopted_.displays.end() || !found->second.uid || !services_.first_uid) return std::nullopt;
  if (!services_.display.socket.empty() || *found->second.uid < *services_.first_uid) return std::nullopt;
  const std::uint32_t slot = *found->second.uid - *services_.first_uid;
  return slot < kMostSlots ? std::optional(slot) : std::nullopt;
}

void HostAgent::take_up() {
  std::map<std::string, std::string> connected;  // of desktops, which session shows it
  for (const wire::HeldSession& held : adopted_.sessions) {
    take_up_session(held);
    if (held.connected() && !held.wall()) connected[held.desktop_id()] = held.session_id();
  }
  // Desktops of which an adopted process is known have its slot: before any of them is let go of.
  for (const auto& [name, display] : adopted_.displays) {
    if (const auto id = DesktopId::parse(name)) static_cast<void>(desktop(*id));
  }
  for (const wire::HeldWall& held : adopted_.walls) take_up_wall(held);
  for (auto& [name, display] : adopted_.displays) {
    take_up_desktop(name, std::move(display), connected[name]);
    connected.erase(name);
  }
  for (const wire::HeldSession& held : adopted_.sessions) {
    const bool lost = held.wall() ? wall_of(held.session_id()) == nullptr : connected.contains(held.desktop_id());
    if (held.connected() && lost) {
      tell(DesktopId::parse(held.desktop_id()).value_or(DesktopId()),
           ended_session(held.session_id(), "its display ended while the host agent was away"));
    }
    if (held.recorded()) take_up_recording(held);
  }
  if (services_.recordings != nullptr) services_.recordings->close_interrupted();
  if (!adopted_.displays.empty() || !adopted_.walls.empty()) {
    log::info("went on with what there was", {{"displays", std::to_string(adopted_.displays.size())},
                                              {"walls", std::to_string(walls_.size())},
                                              {"sessions", std::to_string(adopted_.sessions.size())}});
  }
  adopted_ = {};
}

void HostAgent::take_up_session(const wire::HeldSession& held) {
  const auto session = SessionId::parse(held.session_id());
  const auto id = DesktopId::parse(held.desktop_id());
  if (!session || !id) return;
  held_.add(held);
  sessions_.insert_or_assign(session->str(), Armed{*id, held.wall()});
  session_order_.push_back(session->str());
  const auto now = Loop::Steady::now();
  const auto left = std::chrono::floor<std::chrono::seconds>(time_of(held.until_ns()) - now);
  if (held.routing_token_sha256().empty() || left.count() <= 0) return;
  const auto armed = armed_.arm(held.routing_token_sha256(), {*session, *id}, now, left);
  if (armed) return;
  log::warning("a client will not be let in", {{"session", session->str()}, {"why", armed.error().message}});
}

void HostAgent::take_up_wall(const wire::HeldWall& held) {
  const std::string& session = held.session_id();
  const std::string name = wall_display(session);
  const auto display = adopted_.displays.find(name);
  const auto known = sessions_.find(session);
  Desktops desktops;
  for (const std::string& each : held.desktop_ids()) {
    if (const auto id = DesktopId::parse(each)) desktops.push_back(desktop(*id));
  }
  const bool whole = std::cmp_equal(desktops.size(), held.desktop_ids_size()) && known != sessions_.end() &&
                     known->second.wall && desktops.front()->id() == known->second.desktop;
  if (display == adopted_.displays.end() || !whole) {
    services_.display.keeper->drop("wall/" + session);
    return;  // its process, if there is one, ends with the others that nobody knows
  }
  const std::uint32_t slot = adopted_slot(name).value_or(free_slot());
  Wall::Adopted adopted{std::move(display->second), held.showing()};
  adopted_.displays.erase(display);
  walls_[session] = std::make_unique<Wall>(services_, session, std::move(desktops), slot,
                                           callbacks_for(session, known->second.desktop), std::move(adopted));
}

void HostAgent::take_up_desktop(const std::string& name, AdoptedDisplay display, const std::string& session) {
  const auto id = DesktopId::parse(name);
  if (id) return desktop(*id)->adopt_display(std::move(display), session);
  log::error("a display process that nobody knows is ended", {{"name", name}});
  services_.display.keeper->drop("display/" + name);
  services_.display.keeper->drop("process/" + name);
  display.control.reset();
  end(display.child, 0);
}

// What the agent before us heard of, and was killed before it could tell, is told now.
void HostAgent::on_resumed(const DesktopId& id, const wire::Resumed& resumed) {
  for (const std::string& session : held_.connected_to(id.str())) {
    const auto found = std::ranges::find(resumed.sessions(), session, &wire::Session::session_id);
    if (found != resumed.sessions().end()) continue;
    tell(id, ended_session(session, "its client left while the host agent was away"));
  }
  for (const wire::Session& each : resumed.sessions()) {
    if (held_.is_connected(each.session_id())) continue;
    wire::Session session = bounded(each);
    session.set_kind(wire::Session::CONNECTED);
    on_session(id, session);  // which asks whether it is this desktop's
  }
}

void HostAgent::take_up_recording(const wire::HeldSession& held) {
  if (services_.recordings == nullptr || !services_.recordings->interrupted(held.session_id())) return;
  const std::string& session = held.session_id();
  const auto line = services_.recordings->resume(session, held.recording_required());
  if (!line) return log::error("recording does not go on", {{"session", session}, {"why", line.error().message}});
  if (held.wall()) {
    if (Wall* const wall = wall_of(session)) wall->hand_recording_line(*line);
    return;
  }
  const auto id = DesktopId::parse(held.desktop_id());
  const auto found = id ? desktops_.find(*id) : desktops_.end();
  if (found != desktops_.end()) found->second->hand_recording_line(session, *line);
}

}  // namespace tobari::vmhost
