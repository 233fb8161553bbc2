// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reconcile.h"

#include <optional>

namespace tobari::vmhost {
namespace {

std::optional<Action::Kind> decide(const WantedDesktop& wanted, bool running, const HostMemory& memory) {
  using Kind = Action::Kind;
  const auto epoch = memory.epochs.find(wanted.id);
  if (epoch != memory.epochs.end() && wanted.epoch < epoch->second) return Kind::kRefuse;
  if (memory.busy.contains(wanted.id)) return std::nullopt;
  switch (wanted.power) {
    case Power::kOn:
      if (running || memory.held.contains(wanted.id)) return std::nullopt;
      return Kind::kStart;
    case Power::kOff:
      if (!running) return std::nullopt;
      return Kind::kStop;
    case Power::kDeleted:
      if (memory.gone.contains(wanted.id)) return std::nullopt;
      return Kind::kDelete;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Action> reconcile(std::span<const WantedDesktop> wanted, std::span<const FoundDesktop> found,
                              const HostMemory& memory) {
  std::map<DesktopId, bool> running;
  for (const FoundDesktop& desktop : found) running[desktop.id] = desktop.running;

  std::vector<Action> actions;
  std::set<DesktopId> known;
  for (const WantedDesktop& desktop : wanted) {
    if (!known.insert(desktop.id).second) continue;  // named twice: the first counts
    const auto state = running.find(desktop.id);
    const auto kind = decide(desktop, state != running.end() && state->second, memory);
    if (kind) actions.push_back({*kind, desktop.id});
  }
  for (const FoundDesktop& desktop : found) {
    if (known.contains(desktop.id) || !desktop.running || memory.busy.contains(desktop.id)) continue;
    actions.push_back({Action::Kind::kStop, desktop.id});
  }
  return actions;
}

}  // namespace tobari::vmhost
