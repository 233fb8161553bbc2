// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/network_keeper.h"

#include <algorithm>
#include <utility>

#include <tobari/base/log.h>

namespace tobari::vmhost {
namespace {

std::string text_of(const policy::IpAddress& address) {
  const auto& b = address.bytes;
  return std::to_string(b[12]) + "." + std::to_string(b[13]) + "." + std::to_string(b[14]) + "." +
         std::to_string(b[15]);
}

void add_names(const std::optional<std::vector<policy::NetworkEntry>>& entries, std::set<std::string>& names) {
  if (!entries) return;
  for (const policy::NetworkEntry& entry : *entries) {
    names.insert(entry.traffic.domains.begin(), entry.traffic.domains.end());
  }
}

}  // namespace

NetworkKeeper::NetworkKeeper(Loop& loop, Hypervisor& hypervisor, PacketFilter& filter, NameResolver& resolver,
                             NetworkOptions options, Devices devices, Times times)
    : loop_(loop),
      hypervisor_(hypervisor),
      filter_(filter),
      resolver_(resolver),
      options_(std::move(options)),
      devices_(std::move(devices)),
      times_(times),
      resolve_worker_(loop),
      worker_(loop) {}

Result<Surroundings> NetworkKeeper::surroundings() {
  if (options_.network.empty()) {
    bridge_ = options_.bridge;
  } else if (auto found = hypervisor_.bridge_of(options_.network)) {
    bridge_ = *std::move(found);
  } else if (found.error().code == Errc::kNotFound || bridge_.empty()) {
    return std::unexpected(std::move(found).error());
  }
  // Else libvirt is away: its bridge and the VMs on it are not, and a policy may change meanwhile.
  TOBARI_ASSIGN(const auto devices, devices_());
  return surroundings_of(options_, bridge_, devices);
}

// ---- rules

void NetworkKeeper::want(Networks wanted) {
  for (const auto& [id, network] : wanted) {
    const auto before = wanted_.find(id);
    if (before == wanted_.end() || before->second != network) dirty_.insert(id);
  }
  wanted_ = std::move(wanted);
  std::erase_if(dirty_, [this](const DesktopId& id) { return !wanted_.contains(id); });
  std::erase_if(troubles_, [this](const auto& trouble) { return !wanted_.contains(trouble.first); });
  const std::set<std::string> all = names();
  std::erase_if(known_, [&all](const auto& entry) { return !all.contains(entry.first); });
  if (std::ranges::any_of(all, [this](const std::string& name) { return !known_.contains(name); })) resolve();
  flush();
}

NetworkKeeper::Failed NetworkKeeper::apply(const Networks& changes, const Addresses& addresses) {
  Failed failed;
  const auto around = surroundings();
  if (!around) {
    for (const auto& [id, network] : changes) failed.emplace(id, around.error());
    return failed;
  }
  if (filter_.set(changes, *around, addresses)) return failed;
  // One by one, so that those that can be kept are.
  for (const auto& [id, network] : changes) {
    const auto set = filter_.set({{id, network}}, *around, addresses);
    if (set) continue;
    failed.emplace(id, set.error());
    if (const auto closed = filter_.set({{id, closed_network()}}, *around, {}); !closed) {
      log::error("network of a desktop is not closed", {{"desktop", id.str()}, {"reason", closed.error().message}});
    }
  }
  return failed;
}

void NetworkKeeper::flush() {
  if (applying_ || dirty_.empty()) return;
  applying_ = true;
  Networks changes;
  for (const DesktopId& id : std::exchange(dirty_, {})) changes.emplace(id, wanted_.at(id));
  worker_.run([this, changes, known = addresses()] { return apply(changes, known); },
              [this, changes](const Failed& failed) { on_applied(changes, failed); });
}

void NetworkKeeper::on_applied(const Networks& changes, const Failed& failed) {
  applying_ = false;
  for (const auto& [id, network] : changes) {
    if (!failed.contains(id)) troubles_.erase(id);
  }
  if (failed.size() < changes.size()) {
    log::info("network rules of desktops set", {{"desktops", std::to_string(changes.size() - failed.size())}});
  }
  bool again = false;
  for (const auto& [id, error] : failed) {
    if (!wanted_.contains(id)) continue;
    std::string reason = describe(error);
    if (troubles_[id] != reason) {
      log::error("network rules of a desktop are not kept", {{"desktop", id.str()}, {"reason", reason}});
      troubles_[id] = std::move(reason);
    }
    if (error.code == Errc::kExhausted) continue;  // too many stay too many, until the policy or a name changes
    dirty_.insert(id);
    again = true;
  }
  if (!again) return flush();
  // What came meanwhile waits with them, so that a filter that is broken is not asked without a pause.
  applying_ = true;
  again_timer_ = loop_.after(times_.try_again, [this] {
    applying_ = false;
    flush();
  });
}

void NetworkKeeper::prepare(const DesktopId& id, std::function<void(Result<NetworkCard>)> then) {
  const auto wanted = wanted_.find(id);
  const policy::DesktopNetwork network = wanted == wanted_.end() ? closed_network() : wanted->second;
  auto job = [this, id, network, known = addresses()]() -> Result<NetworkCard> {
    TOBARI_ASSIGN(const Surroundings around, surroundings());
    TOBARI_TRY(filter_.set({{id, network}}, around, known));
    NetworkCard card{.network = options_.network, .bridge = around.bridge, .dhcp_servers = {}};
    for (const policy::IpAddress& server : around.servers) card.dhcp_servers.push_back(text_of(server));
    return card;
  };
  worker_.run(std::move(job), std::move(then));
}

void NetworkKeeper::look(std::set<DesktopId> running) {
  if (looking_) return;
  looking_ = true;
  worker_.run([this] { return find(); },
              [this, running = std::move(running)](const Result<Found>& found) { on_found(found, running); });
}

Result<NetworkKeeper::Found> NetworkKeeper::find() {
  Found found;
  TOBARI_ASSIGN(found.with_rules, filter_.list());
  if (auto around = surroundings()) found.around = *std::move(around);
  return found;
}

void NetworkKeeper::on_found(const Result<Found>& found, const std::set<DesktopId>& running) {
  looking_ = false;
  if (!found) {
    log::error("network rules cannot be read", {{"reason", describe(found.error())}});
    return;
  }
  // An address that this host has got since then is closed to desktops as well.
  const bool moved = found->around && found->around != around_;
  if (moved) around_ = found->around;
  for (const auto& [id, network] : wanted_) {
    const bool lost = !found->with_rules.contains(id);
    if (dirty_.contains(id) || (!lost && !moved)) continue;
    if (lost && running.contains(id)) log::warning("network rules of a desktop were lost", {{"desktop", id.str()}});
    dirty_.insert(id);
  }
  for (const DesktopId& id : found->with_rules) {
    if (!wanted_.contains(id) && !running.contains(id)) remove(id);
  }
  flush();
}

void NetworkKeeper::remove(const DesktopId& id) {
  worker_.run([this, id] { return filter_.remove(id); },
              [id](const Result<void>& removed) {
                if (removed) return;
                log::warning("network rules stay behind",
                             {{"desktop", id.str()}, {"reason", describe(removed.error())}});
              });
}

// ---- names

std::set<std::string> NetworkKeeper::names() const {
  std::set<std::string> all;
  for (const auto& [id, network] : wanted_) {
    add_names(network.egress, all);
    add_names(network.ingress, all);
  }
  if (all.size() <= kMaxNames) return all;
  log::error("too many names in network rules; further ones let nothing through",
             {{"names", std::to_string(all.size())}, {"most", std::to_string(kMaxNames)}});
  return {all.begin(), std::next(all.begin(), kMaxNames)};
}

Addresses NetworkKeeper::addresses() const {
  Addresses all;
  for (const auto& [name, known] : known_) {
    for (const auto& [address, since] : known) all[name].insert(address);
  }
  return all;
}

void NetworkKeeper::resolve() {
  if (resolving_) return;
  std::set<std::string> all = names();
  if (all.empty()) return;
  resolving_ = true;
  auto job = [this, all = std::move(all)] {
    std::map<std::string, std::set<policy::IpAddress>> answers;
    for (const std::string& name : all)
      answers.emplace(name, resolver_.resolve(name).value_or(std::set<policy::IpAddress>()));
    return answers;
  };
  resolve_worker_.run(std::move(job), [this](const auto& answers) { on_resolved(answers); });
}

// An address stays for a while after it was last named: a desktop that was told it goes on using it, and services
// answer with a few of their many addresses in turn.
void NetworkKeeper::on_resolved(const std::map<std::string, std::set<policy::IpAddress>>& answers) {
  resolving_ = false;
  const auto now = Loop::Steady::now();
  const Addresses before = addresses();
  for (const auto& [name, found] : answers) {
    auto& known = known_[name];
    for (const policy::IpAddress& address : found) {
      if (known.contains(address) || known.size() < kMaxAddressesOfName) known[address].seen = now;
    }
    std::erase_if(known, [&](const auto& entry) { return now - entry.second.seen > times_.forget_address; });
  }
  const std::set<std::string> all = names();
  std::erase_if(known_, [&all](const auto& entry) { return !all.contains(entry.first); });
  const Addresses after = addresses();
  for (const auto& [id, network] : wanted_) {
    std::set<std::string> used;
    add_names(network.egress, used);
    add_names(network.ingress, used);
    const auto changed = [&](const std::string& name) {
      const auto was = before.find(name);
      const auto is = after.find(name);
      return (was == before.end() ? Addresses::mapped_type() : was->second) !=
             (is == after.end() ? Addresses::mapped_type() : is->second);
    };
    if (std::ranges::any_of(used, changed)) dirty_.insert(id);
  }
  flush();
  const bool more = std::ranges::any_of(all, [&answers](const std::string& name) { return !answers.contains(name); });
  const auto pause = more ? std::chrono::milliseconds(0) : times_.resolve_every;
  resolve_timer_ = loop_.after(pause, [this] { resolve(); });
}

}  // namespace tobari::vmhost
