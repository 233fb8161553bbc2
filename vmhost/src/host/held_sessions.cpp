// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/held_sessions.h"

#include <cstdint>

#include <tobari/base/log.h>

namespace tobari::vmhost {
namespace {

std::string held_name(const std::string& session) { return "session/" + session; }

}  // namespace

std::int64_t nanoseconds_of(Loop::Steady::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

Loop::Steady::time_point time_of(std::int64_t nanoseconds) {
  return Loop::Steady::time_point(
      std::chrono::duration_cast<Loop::Steady::duration>(std::chrono::nanoseconds(nanoseconds)));
}

wire::HeldSession* HeldSessions::find(const std::string& session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : &found->second;
}

void HeldSessions::tell(const wire::HeldSession& session) {
  if (keeper_ == nullptr) return;
  keeper_->annotate(held_name(session.session_id()), session.SerializeAsString());
}

void HeldSessions::forget(const std::string& session) {
  if (sessions_.erase(session) > 0 && keeper_ != nullptr) keeper_->drop(held_name(session));
}

void HeldSessions::armed(const wire::HeldSession& session, Loop::Steady::time_point until) {
  if (sessions_.size() >= kMax && !sessions_.contains(session.session_id())) {
    return log::error("a session will not outlive a restart of this agent: it keeps no more in mind",
                      {{"session", session.session_id()}, {"kept", std::to_string(sessions_.size())}});
  }
  wire::HeldSession& held = sessions_[session.session_id()];
  held = session;
  held.set_until_ns(nanoseconds_of(until));
  tell(held);
}

void HeldSessions::routed(const std::string& session) {
  wire::HeldSession* const held = find(session);
  if (held == nullptr || held->routing_token_sha256().empty()) return;
  held->clear_routing_token_sha256();
  tell(*held);
}

void HeldSessions::connected(const std::string& session) {
  wire::HeldSession* const held = find(session);
  if (held == nullptr || held->connected()) return;
  held->set_connected(true);
  tell(*held);
}

// What its client was shown last may still be on its way to the disk.
void HeldSessions::over(const std::string& session) {
  wire::HeldSession* const held = find(session);
  if (held == nullptr) return;
  if (!held->recorded()) return forget(session);
  held->set_connected(false);
  held->set_over(true);
  held->clear_routing_token_sha256();
  held->set_until_ns(nanoseconds_of(Loop::Steady::now()));
  tell(*held);
}

void HeldSessions::recording_over(const std::string& session) {
  wire::HeldSession* const held = find(session);
  if (held == nullptr || !held->recorded()) return;
  if (held->over()) return forget(session);
  held->set_recorded(false);
  tell(*held);
}

bool HeldSessions::is_connected(const std::string& session) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && found->second.connected();
}

bool HeldSessions::may_come(const std::string& session) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && !found->second.connected() && !found->second.over();
}

std::vector<std::string> HeldSessions::connected_to(const std::string& desktop) const {
  std::vector<std::string> found;
  for (const auto& [id, held] : sessions_) {
    if (held.connected() && !held.wall() && held.desktop_id() == desktop) found.push_back(id);
  }
  return found;
}

std::vector<std::string> HeldSessions::of(const std::string& desktop) const {
  std::vector<std::string> found;
  for (const auto& [id, held] : sessions_) {
    if (!held.over() && held.desktop_id() == desktop) found.push_back(id);
  }
  return found;
}

void HeldSessions::tidy(Loop::Steady::time_point now) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto each = at++;
    const bool stale = !each->second.connected() && now > time_of(each->second.until_ns()) + kSignInWithin;
    if (!stale) continue;
    if (keeper_ != nullptr) keeper_->drop(held_name(each->first));
    sessions_.erase(each);
  }
}

}  // namespace tobari::vmhost
