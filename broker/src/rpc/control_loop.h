// SPDX-License-Identifier: GPL-3.0-or-later
// Drives the control core by what hosts say and by the clock: renews leases, many in one transaction, takes reports,
// calls hosts lost, fills pools, and tells the hosts of this broker what another broker has decided. One thread of its
// own; the functions that hand something in return at once, on any thread.
//
// While the database is away, hosts get promises in place of leases (control/lease_watch.h), and everything else waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/ids.h>
#include <tobari/base/result.h>

#include "control/core.h"
#include "control/idle_watch.h"
#include "control/lease_watch.h"
#include "rpc/direct_control.h"
#include "rpc/host_registry.h"
#include "rpc/template_orders.h"
#include "store/state_store.h"

namespace tobari::broker {

class ControlLoop {
 public:
  struct Times {
    std::chrono::milliseconds gather{50};    // what comes within this is one transaction
    std::chrono::milliseconds soon{250};     // what several calls left to be done is one sweep
    std::chrono::milliseconds look{500};     // at what other brokers did: hosts hear of it within a second
    std::chrono::milliseconds sweep{5'000};  // besides whenever something is left to be done
    std::chrono::milliseconds idle{15'000};  // desktops without a client are looked for
    std::chrono::hours zones{24};            // zones of pools' plans are resolved again
    std::chrono::seconds still{20};          // longer than this between two looks, and the program has stood still
  };
  // All of it outlives the loop.
  struct Parts {
    StateStore& store;
    const Clock& clock;
    HostRegistry& hosts;
    DirectControl& control;
    std::function<ZoneTable(const std::set<std::string>&)> resolve_zones;
    std::function<void(const std::vector<Host>&)> seen = [](const std::vector<Host>&) {};  // all that there are
  };
  explicit ControlLoop(Parts parts) : ControlLoop(std::move(parts), Times()) {}
  ControlLoop(Parts parts, Times times);
  ~ControlLoop() { stop(); }
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  void start();
  void stop();

  void asked(const control::LeaseAsk& ask);
  // In place of an older one of this host. One that comes late, on a line that was replaced meanwhile, is dropped.
  void reported(control::HostReported report);
  void sweep_soon();
  // Since this broker saw it rise; nothing: it has not yet.
  [[nodiscard]] std::optional<std::chrono::milliseconds> lease_age(const HostId& host) const;
  // Of the hosts that have a line to this broker; zero when nothing is known of any.
  [[nodiscard]] std::chrono::milliseconds oldest_lease() const;

  // Everything that is due now. What start()'s thread does.
  void turn();

 private:
  using Steady = Clock::Steady;
  using Asks = std::map<HostId, control::LeaseAsk>;
  using Reports = std::map<HostId, control::HostReported>;
  struct Seen {
    std::vector<Host> hosts;
    std::vector<MachineKind> kinds;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] Steady due_locked() const;
  void note_news_locked();
  void renew(const Asks& asks);
  void promise(const std::vector<control::LeaseAsk>& asks);
  void follow(Reports reports);
  void keep_for_later(Reports reports);
  void note_unknown(const HostId& host, const std::vector<control::SeenDesktop>& unknown);
  void look();
  void call_lost(const std::vector<control::HostSilent>& silent);
  void tell_of_lost(const std::vector<Host>& hosts);
  void tell_of_others(const std::vector<Host>& hosts);
  void sweep();
  [[nodiscard]] std::map<DesktopId, std::chrono::seconds> idle_now();
  [[nodiscard]] const ZoneTable& zones_now();
  void database_answers(const Result<void>& outcome);

  const Parts parts_;
  const Times times_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Asks asks_;
  Reports reports_;
  std::map<HostId, std::uint64_t> newest_report_;
  std::optional<Steady> news_since_;  // of the oldest that waits
  Steady look_at_;
  Steady sweep_at_;
  control::LeaseWatch leases_;

  // ---- of the turn that is under way
  std::mutex turning_;
  control::IdleWatch idle_;
  std::optional<Steady> looked_at_;
  Steady idle_at_;
  Steady zones_at_;
  std::set<std::string> zones_named_;
  ZoneTable zones_;
  std::optional<std::vector<MachineKind>> kinds_;  // of the last look
  std::set<HostId> lost_;                          // likewise
  std::map<HostId, std::set<DesktopId>> unknown_;
  bool away_ = false;  // the database: one line when it goes, one when it is back
  std::jthread thread_;
};

}  // namespace tobari::broker
