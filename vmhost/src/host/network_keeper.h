// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the host's packet filter as the policy has it for every desktop: rules before a VM starts, other rules at once,
// lost ones made again, those of desktops that are gone removed; and the addresses that names in rules stand for. Rules
// that cannot be kept are replaced by none: nothing passes but DHCP. Loop thread; what blocks goes to its own workers.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tobari/policy/network_rules.h>
#include <tobari/vmhost/hypervisor.h>

#include "host/loop.h"
#include "host/worker.h"
#include "network/interfaces.h"
#include "network/name_resolver.h"
#include "network/packet_filter.h"

namespace tobari::vmhost {

class NetworkKeeper {
 public:
  static constexpr std::size_t kMaxNames = 256;  // different ones of a host; further ones stand for nothing

  struct Times {
    std::chrono::milliseconds resolve_every = std::chrono::seconds(30);
    std::chrono::milliseconds forget_address = std::chrono::minutes(5);  // after it was last named
    std::chrono::milliseconds try_again = std::chrono::seconds(1);
  };

  // `devices`: this host's addresses, asked anew for each change.
  using Devices = std::function<Result<std::vector<DeviceAddress>>()>;
  NetworkKeeper(Loop& loop, Hypervisor& hypervisor, PacketFilter& filter, NameResolver& resolver,
                NetworkOptions options, Devices devices, Times times);

  // All desktops that may run here, and what each may.
  void want(Networks wanted);
  // Calls back once this desktop's rules hold, with the card to start it with.
  void prepare(const DesktopId& id, std::function<void(Result<NetworkCard>)> then);
  // Which VMs run. Compares with what the filter has, and this host's networks with those of the last look.
  void look(std::set<DesktopId> running);

 private:
  using Failed = std::map<DesktopId, Error>;
  struct Known {
    Loop::Steady::time_point seen;
  };
  struct Found {
    std::set<DesktopId> with_rules;
    std::optional<Surroundings> around;  // empty: not known at the moment
  };

  // ---- on the worker
  [[nodiscard]] Result<Surroundings> surroundings();
  // These desktops' rules; what fails is closed.
  [[nodiscard]] Failed apply(const Networks& changes, const Addresses& addresses);
  [[nodiscard]] Result<Found> find();

  void flush();
  void on_applied(const Networks& changes, const Failed& failed);
  void on_found(const Result<Found>& found, const std::set<DesktopId>& running);
  void remove(const DesktopId& id);
  void resolve();
  void on_resolved(const std::map<std::string, std::set<policy::IpAddress>>& answers);
  [[nodiscard]] std::set<std::string> names() const;
  [[nodiscard]] Addresses addresses() const;

  Loop& loop_;
  Hypervisor& hypervisor_;
  PacketFilter& filter_;
  NameResolver& resolver_;
  const NetworkOptions options_;
  const Devices devices_;
  const Times times_;
  Networks wanted_;
  std::set<DesktopId> dirty_;                  // what the filter has may be other than what is wanted
  std::map<DesktopId, std::string> troubles_;  // why rules are not kept, as it was logged
  std::optional<Surroundings> around_;         // at the last look
  std::string bridge_;                         // the worker's: of the network, when libvirt was last there
  bool applying_ = false;
  bool looking_ = false;
  bool resolving_ = false;
  std::map<std::string, std::map<policy::IpAddress, Known>> known_;
  Loop::Handle again_timer_;
  Loop::Handle resolve_timer_;
  Worker resolve_worker_;  // names may take long, rules must not wait for them
  Worker worker_;
};

}  // namespace tobari::vmhost
