// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/core.h"

#include <algorithm>
#include <format>
#include <utility>

#include "control/pool_image.h"
#include "control/steps.h"

namespace tobari::broker::control {
namespace {

Result<void> take(Step& step, const Assign& event) { return assign(step, event); }
Result<void> take(Step& step, const GiveBack& event) { return give_back(step, event); }
Result<void> take(Step& step, const LogOff& event) { return log_off(step, event); }
Result<void> take(Step& step, const RestartOf& event) { return restart_of(step, event); }
Result<void> take(Step& step, const EndUse& event) { return end_use(step, event); }
Result<void> take(Step& step, const KeepUse& event) { return keep_use(step, event); }
Result<void> take(Step& step, const RemoveUserDisk& event) { return remove_user_disk(step, event); }
Result<void> take(Step& step, const Sweep& event) { return sweep(step, event); }
Result<void> take(Step& step, const LeasesAsked& event) { return leases_asked(step, event); }
Result<void> take(Step& step, const HostSilent& event) { return host_silent(step, event); }
Result<void> take(Step& step, const HostReported& event) { return host_reported(step, event); }
Result<void> take(Step& step, const SetHostMode& event) { return set_host_mode(step, event); }
Result<void> take(Step& step, const AddPool& event) { return add_pool(step, event); }
Result<void> take(Step& step, const ChangePool& event) { return change_pool(step, event); }
Result<void> take(Step& step, const RemovePool& event) { return remove_pool(step, event); }
Result<void> take(Step& step, const PutInPool& event) { return put_in_pool(step, event); }

// "pool-1a2b3c4d": a host name that says where it belongs, from an id that nobody else has.
std::string name_of(const Pool& pool, const DesktopId& id) {
  constexpr std::size_t kIdDigits = 8;
  constexpr std::size_t kRoom = 63 - kIdDigits - 1;  // of an RFC 1123 label
  return std::format("{}-{}", pool.name.substr(0, kRoom), id.str().substr(0, kIdDigits));
}

}  // namespace

Result<Effects> handle(Writer& writer, const Event& event, Time now, const Settings& settings) {
  Step step{.writer = writer, .now = now, .settings = settings};
  TOBARI_TRY(std::visit([&step](const auto& each) { return take(step, each); }, event));
  return std::move(step.effects);
}

Result<Effects> run(StateStore& store, const Event& event, Time now, const Settings& settings) {
  Effects effects;
  auto done = store.transact([&](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(effects, handle(writer, event, now, settings));
    return {};
  });
  TOBARI_TRY(std::move(done));
  return effects;
}

Result<std::vector<HostCapacity>> capacities(const Reader& reader, const Facts& facts, const UserId& user) {
  TOBARI_ASSIGN(const auto hosts, reader.hosts());
  std::vector<Desktop> own;
  if (!user.empty()) {
    TOBARI_ASSIGN(own, reader.desktops_of_user(user));
  }
  std::vector<HostCapacity> all;
  for (const Host& host : hosts) {
    HostCapacity& one = all.emplace_back();
    one.id = host.id;
    one.name = host.name;
    one.mode = host.mode;
    one.lost = host.lost;
    one.memory_promised_mib = host.promised_mib;
    one.desktops = host.desktops;
    for (const Desktop& desktop : own) one.of_user += desktop.host == host.id ? 1 : 0;
    const auto known = facts.connected.find(host.id);
    if (known == facts.connected.end()) continue;
    one.connected = true;
    one.images = known->second.images;
    one.memory_mib = known->second.memory_mib;
    one.pixels_per_second = known->second.pixels_per_second;
    one.no_room = known->second.no_room;
  }
  return all;
}

PlacementWish wish_of(const Pool& pool, std::string image) {
  return {.image = std::move(image),
          .memory_mib = pool.memory_mib,
          .host = "",
          .needs_lease = pool.kind == PoolKind::kFloating};
}

Result<void> Step::record(const Who& who, std::string action, const std::string& object, std::string detail) {
  if (settings.planted.no_record) return {};
  return writer.add_record({.actor = who.actor,
                            .action = std::move(action),
                            .object = object,
                            .client_address = who.client_address,
                            .outcome = Outcome::kDone,
                            .rule = "",
                            .detail = std::move(detail)});
}

Result<void> Step::retire(const Desktop& desktop, const Who& who, std::string action, const std::string& why) {
  TOBARI_TRY(writer.retire_desktop(desktop.id, desktop.epoch));
  effects.changed.insert(desktop.host);
  if (!desktop.user.empty()) effects.ended.push_back({desktop.id, desktop.user, why});
  const std::string of = desktop.user_name.empty() ? "" : " of " + desktop.user_name;
  return record(who, std::move(action), desktop.id.str(),
                std::format("{}{} in pool {}: {}", desktop.name, of, desktop.pool_name, why));
}

Result<HostId> Step::place_for(const Pool& pool, const User& user, const std::string& image, const Facts& facts,
                               const DiskClaim* disk) {
  PlacementWish wish = wish_of(pool, image);
  if (!user.id.empty()) {
    TOBARI_ASSIGN(auto hosts, capacities(writer, facts, user.id));
    if (disk != nullptr) TOBARI_TRY(narrow_to_disk(*disk, facts, hosts, wish));
    return place(hosts, wish, settings.placement);
  }
  if (!for_spares) {
    TOBARI_ASSIGN(for_spares, capacities(writer, facts, {}));
  }
  TOBARI_ASSIGN(HostId chosen, place(*for_spares, wish, settings.placement));
  HostCapacity& host = *std::ranges::find(*for_spares, chosen, &HostCapacity::id);
  host.memory_promised_mib += pool.memory_mib;
  ++host.desktops;
  return chosen;
}

Result<Desktop> Step::make(const Pool& pool, const User& user, const DesktopId& id, const Facts& facts, const Who& who,
                           const DiskClaim* disk) {
  TOBARI_ASSIGN(const std::string image, image_of(writer, pool.image));
  TOBARI_ASSIGN(const HostId host, place_for(pool, user, image, facts, disk));
  Desktop desktop;
  desktop.id = id;
  desktop.name = name_of(pool, id);
  desktop.user = user.id;
  desktop.host = host;
  desktop.image = image;
  desktop.vcpus = pool.vcpus;
  desktop.memory_mib = pool.memory_mib;
  desktop.heads = pool.heads;
  desktop.machine = pool.machine;
  desktop.power = Power::kOn;
  desktop.pool = pool.id;
  TOBARI_TRY(writer.add_desktop(desktop));
  effects.changed.insert(host);
  TOBARI_ASSIGN(desktop, writer.desktop(id));
  const std::string of = user.name.empty() ? "a spare" : "for " + user.name;
  TOBARI_TRY(record(
      who, user.name.empty() ? "desktop.create" : "desktop.assign", id.str(),
      std::format("{} {} in pool {}, new from {} on {}", desktop.name, of, pool.name, image, desktop.host_name)));
  return desktop;
}

}  // namespace tobari::broker::control
