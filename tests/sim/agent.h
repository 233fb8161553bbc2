// SPDX-License-Identifier: GPL-3.0-or-later
// The host's agent: vmhost/src/host as far as orders, leases and sessions go, without what is slow or has no part in
// it (images, networks, templates, recordings). What decides is the product's own: HostLease, reconcile() and
// UserDiskClaims. Where HostAgent, Desktop and LeaseKeeper do things in an order that matters, so does this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/host_lease.h"
#include "core/reconcile.h"
#include "core/user_disk_claims.h"
#include "engine.h"
#include "hardware.h"
#include "messages.h"

namespace tobari::sim {

class World;

class Agent {
 public:
  Agent(World& world, Hardware& hardware, std::size_t index, std::uint64_t seed);

  Process process;
  void start();
  void die();

  // ---- lines
  void line_opened(std::size_t broker);
  void line_lost() { send_events(); }
  void receive(std::size_t broker, const ToHost& message);

  // A client with this session's token; false: it is not known, or the desktop is not there.
  [[nodiscard]] bool client(const SessionId& session);
  void client_leaves(const DesktopId& id) { drop(id); }
  void guest_logs_off(const DesktopId& id);
  void look();  // what the hypervisor has, and everything that follows from it

 private:
  // Of one desktop, in this life of the agent.
  struct Kept {
    std::optional<Wanted> wanted{};
    bool running = false;
    bool paused = false;
    bool busy = false;
    bool stopping = false;  // it goes down because we want it to
    bool removing = false;
    bool changing = false;  // an order about its machine is under way
    bool fencing = false;
    bool gone = false;
    bool guest_ready = false;
    bool logged_off = false;
    bool bringing = false;  // a disk
    Moment changed_at{-1};
    Moment rests_until{};  // not to be started
    Moment unwilling_until{};
    std::uint64_t came_up = 0;
    std::vector<UserDiskId> disks_there{};
  };
  struct Armed {
    DesktopId desktop;
    std::size_t person = 0;
    Moment until{};
  };

  // ---- what should be (agent.cpp)
  void on_desired(const std::shared_ptr<const Desired>& desired);
  void take(const std::shared_ptr<const Desired>& desired);
  void want(Kept& kept, const DesktopId& id, const Wanted& wanted);
  void on_list(const std::vector<Listed>& list, Moment asked);
  void listed(const DesktopId& id, bool running, Moment asked, bool paused);
  void reconcile_now();
  void act(const vmhost::Action& action);
  void forget_gone();
  void report();
  [[nodiscard]] Report current_report() const;
  void send(const ToBroker& message);

  // ---- one desktop (agent_desktops.cpp)
  [[nodiscard]] bool may_run(const Kept& kept) const;
  void found(const DesktopId& id, bool running);
  void guest_comes_up(const DesktopId& id, std::uint64_t which);
  void start_desktop(const DesktopId& id);
  void power_on(const DesktopId& id);
  void not_started(Kept& kept);
  void stop_desktop(const DesktopId& id);
  void pull_plug(const DesktopId& id);
  void remove_desktop(const DesktopId& id);
  void nothing_is_left(const DesktopId& id);
  void suspend_desktop(const DesktopId& id);
  void resume_desktop(const DesktopId& id);
  void fence_desktop(const DesktopId& id);
  void on_fenced(const DesktopId& id, bool paused);
  void bring_disks(const DesktopId& id);
  [[nodiscard]] bool has_disks(const Kept& kept) const;
  void look_in(Moment pause);

  // ---- the lease (agent_lease.cpp)
  void take_up_lease();
  [[nodiscard]] bool lease_is_good() const;
  [[nodiscard]] Moment lease_until() const;
  void ask();
  void ask_now();
  void on_lease_time();
  void set_lease_timer();
  void on_answer(std::size_t broker, const LeaseAnswer& answer);
  void lease_may_have_changed();
  void tell_watchdog();

  // ---- sessions (agent_sessions.cpp)
  void open_display(std::size_t broker, const OpenDisplay& request);
  void drop(const DesktopId& id);
  void close_session(const SessionId& session);
  void end_former_use(const DesktopId& id);
  void check_sessions(const CheckSessions& question);
  void happened(const SessionId& session, Happened what);
  void send_events();

  World& world_;
  Hardware& hardware_;
  const std::size_t index_;
  Random chance_;

  // ---- of this life
  std::map<DesktopId, Kept> kept_;
  std::set<DesktopId> refused_;
  vmhost::UserDiskClaims claims_;
  bool desired_known_ = false;
  std::uint64_t revision_ = 0;
  bool listed_ = false;
  bool listing_ = false;
  bool look_again_ = false;
  std::uint64_t list_turn_ = 0;
  std::optional<Report> last_report_;
  std::optional<vmhost::HostLease> lease_;
  vmhost::LeaseNote note_;
  bool was_good_ = false;
  Moment asked_at_{0};  // by the machine's clock, as everything of the lease
  Moment ask_at_{0};
  Moment mistaken_until_{0};  // of Mistakes::count_from_answer
  std::uint64_t lease_turn_ = 0;
  Moment lease_timer_at_{-1};
  std::map<SessionId, Armed> armed_;
  std::map<std::uint64_t, bool> answers_;  // to requests, which may come twice
  std::uint64_t events_turn_ = 0;
};

}  // namespace tobari::sim
