// SPDX-License-Identifier: GPL-3.0-or-later
// The sessions of this host, from arming until they are over, and their recordings too; kept with the keeper as they go
// on, because the next life of this program must know them. Times are those of CLOCK_MONOTONIC, which all processes
// share. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/loop.h"
#include "keeper/descriptor_keeper.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {

class HeldSessions {
 public:
  static constexpr std::size_t kMax = 4096;
  // A client that came in time may take so long to sign in; then nobody will.
  static constexpr std::chrono::seconds kSignInWithin{120};

  // `keeper`: null: nothing outlives us, and nothing is noted there.
  explicit HeldSessions(DescriptorKeeper* keeper) : keeper_(keeper) {}

  // Of before this life: the keeper has it already.
  void add(const wire::HeldSession& session) { sessions_[session.session_id()] = session; }

  void armed(const wire::HeldSession& session, Loop::Steady::time_point until);
  void routed(const std::string& session);  // its token opens nothing any more
  void connected(const std::string& session);
  void over(const std::string& session);
  void recording_over(const std::string& session);
  [[nodiscard]] bool has(const std::string& session) const { return sessions_.contains(session); }
  [[nodiscard]] bool is_connected(const std::string& session) const;
  [[nodiscard]] bool may_come(const std::string& session) const;  // it was armed, and nothing else is known of it yet
  [[nodiscard]] std::vector<std::string> connected_to(const std::string& desktop) const;  // and not on a wall
  // That may show this desktop, or do already; of a wall whose first desktop it is, too.
  [[nodiscard]] std::vector<std::string> of(const std::string& desktop) const;
  void tidy(Loop::Steady::time_point now);  // those that nobody came for; from time to time

  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }

 private:
  [[nodiscard]] wire::HeldSession* find(const std::string& session);
  void tell(const wire::HeldSession& session);
  void forget(const std::string& session);

  DescriptorKeeper* const keeper_;
  std::map<std::string, wire::HeldSession> sessions_;
};

// As HeldSession has it.
[[nodiscard]] std::int64_t nanoseconds_of(Loop::Steady::time_point time);
[[nodiscard]] Loop::Steady::time_point time_of(std::int64_t nanoseconds);

}  // namespace tobari::vmhost
