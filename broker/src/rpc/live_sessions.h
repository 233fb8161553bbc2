// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps live sessions within the policy: asks it again when it has changed, and at every whole minute, because its
// times open and close by the minute. Less takes effect in the session at once; more never does, it needs a new
// connection. A session that may not connect any more ends.
//
// And within the truth: hosts are asked, when they attach and at every whole minute, whether those that are stored as
// connected still are (host.proto, CheckSessions). What one says is a report as any other (rpc/session_reports.h). A
// session is stored as connected because its host has said so, so a host that does not have it then has lost it.
//
// Nothing is acknowledged to anybody here, so what the policy takes away is taken away even while the audit cannot be
// written; it is written as soon as it can be.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/ids.h>

#include "core/access.h"
#include "core/session_access.h"
#include "core/types.h"
#include "store/state_store.h"

namespace tobari::broker {

class HostRegistry;

class LiveSessions {
 public:
  static constexpr std::chrono::milliseconds kTick{500};

  struct Parts {
    StateStore& store;
    const Clock& clock;
    HostRegistry& hosts;
    AccessPolicy policy;
  };
  explicit LiveSessions(Parts parts) : parts_(std::move(parts)) {}
  ~LiveSessions() { stop(); }
  LiveSessions(const LiveSessions&) = delete;
  LiveSessions& operator=(const LiveSessions&) = delete;

  void start();  // the thread that watches the clock
  void stop();
  // Or what it is asked about has: pools, their labels, what is in them. Any thread; soon.
  void policy_changed();
  // A host may have missed what was said of its sessions.
  void host_attached(const HostId& host);

  // Asks the policy about every live session, once. What start()'s thread does.
  void evaluate();
  // Asks all hosts that are there about the sessions that they are taken to have.
  void check();

 private:
  using Minute = std::chrono::time_point<std::chrono::system_clock, std::chrono::minutes>;
  [[nodiscard]] static Minute minute_of(Time time) { return std::chrono::floor<std::chrono::minutes>(time); }
  void run(const std::stop_token& stop, Minute minute);
  // As they are now, of the desktops that sessions show.
  struct Pools {
    std::map<DesktopId, PoolId> of;
    std::map<PoolId, Pool> all;
  };
  struct Seen {
    std::vector<Session> sessions;
    Pools pools;
  };
  [[nodiscard]] Result<Seen> read() const;
  [[nodiscard]] Result<void> judge(const Session& session, const Pools& pools);
  [[nodiscard]] Result<void> end(const Session& session, SessionAccess access, const AccessAnswer& why);
  [[nodiscard]] Result<void> narrow(const Session& session, SessionAccess access, policy::Grant now);
  void tell(const Session& session, const SessionAccess& access);
  void ask_hosts(std::span<const Session> sessions);

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int passes_ = 0;  // that are due
  // One evaluation at a time; what the last one changed is said once more by the next: a session that was being opened
  // meanwhile may not have been known to its host yet.
  std::mutex evaluating_;
  std::map<SessionId, std::pair<Session, SessionAccess>> told_;
  std::jthread thread_;
};

}  // namespace tobari::broker
