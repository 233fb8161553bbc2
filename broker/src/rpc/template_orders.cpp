// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/template_orders.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>

#include "core/sha256.h"
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

MachineKind machine_kind_of(const Desktop& desktop) {
  return {desktop.image, desktop.vcpus, desktop.memory_mib, heads_of(desktop)};
}

}  // namespace

std::string template_id(const MachineKind& kind) {
  constexpr std::size_t kDigits = 32;
  const std::string words = std::format("{} {} {} {}", kind.image, kind.vcpus, kind.memory_mib, kind.heads);
  return sha256_hex(words).substr(0, kDigits);
}

std::vector<MachineKind> kinds_made(std::span<const Pool> pools) {
  std::vector<MachineKind> kinds;
  for (const Pool& pool : pools) {
    if (pool.kind == PoolKind::kManual || pool.closing || kinds.size() >= kMaxTemplates) continue;
    if (pool.machine == Machine::kContainer) continue;  // it starts from its files
    MachineKind kind{pool.image, pool.vcpus, pool.memory_mib, pool.heads};
    if (!std::ranges::contains(kinds, kind)) kinds.push_back(std::move(kind));
  }
  return kinds;
}

void add_templates(wire::DesiredState& state, std::span<const Desktop> desktops, std::span<const MachineKind> kinds,
                   std::span<const std::string> images_there) {
  std::set<MachineKind> ordered;
  for (const MachineKind& kind : kinds) {
    if (!std::ranges::contains(images_there, kind.image) || ordered.size() >= kMaxTemplates) continue;
    if (!ordered.insert(kind).second) continue;
    wire::DesiredTemplate& one = *state.add_templates();
    one.set_id(template_id(kind));
    one.set_image(kind.image);
    one.set_vcpus(kind.vcpus);
    one.set_memory_mib(kind.memory_mib);
    one.set_heads(kind.heads);
  }
  const auto count = std::min<std::size_t>(desktops.size(), static_cast<std::size_t>(state.desktops_size()));
  for (std::size_t i = 0; i < count; ++i) {
    if (desktops[i].machine == Machine::kContainer) continue;
    const MachineKind kind = machine_kind_of(desktops[i]);
    if (desktops[i].pool.empty() || desktops[i].power == Power::kDeleted || !ordered.contains(kind)) continue;
    state.mutable_desktops(static_cast<int>(i))->set_template_id(template_id(kind));
  }
}

}  // namespace tobari::broker
