// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reconcile.h"

#include <optional>

namespace tobari::vmhost {
namespace {

// One that is to be off and is, in whatever way, stays so: only what runs is brought to rest, and what is suspended
// where it must not hold memory any more.
std::optional<Action::Kind> to_rest(const WantedDesktop& wanted, const FoundDesktop& found) {
  using Kind = Action::Kind;
  if (!found.running) return std::nullopt;
  switch (wanted.rest) {
    case Rest::kSuspended:
      return found.paused ? std::nullopt : std::optional(Kind::kSuspend);
    case Rest::kSaved:
      return Kind::kSave;
    case Rest::kStopped:
      break;
  }
  return Kind::kStop;
}

std::optional<Action::Kind> fence(const FoundDesktop& found) {
  return found.running && !found.paused ? std::optional(Action::Kind::kFence) : std::nullopt;
}

std::optional<Action::Kind> decide(const WantedDesktop& wanted, const FoundDesktop& found, const HostMemory& memory) {
  using Kind = Action::Kind;
  const bool running = found.running;
  const auto epoch = memory.epochs.find(wanted.id);
  if (epoch != memory.epochs.end() && wanted.epoch < epoch->second) return Kind::kRefuse;
  if (memory.fenced.contains(wanted.id)) return fence(found);
  if (memory.busy.contains(wanted.id)) return std::nullopt;
  switch (wanted.power) {
    case Power::kOn:
      if (memory.held.contains(wanted.id) || (running && !found.paused)) return std::nullopt;
      return running ? Kind::kResume : Kind::kStart;
    case Power::kOff:
      return to_rest(wanted, found);
    case Power::kDeleted:
      if (memory.gone.contains(wanted.id)) return std::nullopt;
      return Kind::kDelete;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Action> reconcile(std::span<const WantedDesktop> wanted, std::span<const FoundDesktop> found,
                              const HostMemory& memory) {
  std::map<DesktopId, FoundDesktop> by_id;
  for (const FoundDesktop& desktop : found) by_id.insert_or_assign(desktop.id, desktop);

  std::vector<Action> actions;
  std::set<DesktopId> known;
  for (const WantedDesktop& desktop : wanted) {
    if (!known.insert(desktop.id).second) continue;  // named twice: the first counts
    const auto state = by_id.find(desktop.id);
    const auto kind = decide(desktop, state != by_id.end() ? state->second : FoundDesktop{.id = desktop.id}, memory);
    if (kind) actions.push_back({*kind, desktop.id});
  }
  for (const FoundDesktop& desktop : found) {
    if (known.contains(desktop.id) || !desktop.running) continue;
    if (memory.fenced.contains(desktop.id)) {
      if (const auto kind = fence(desktop)) actions.push_back({*kind, desktop.id});
      continue;
    }
    if (memory.busy.contains(desktop.id)) continue;
    actions.push_back({Action::Kind::kStop, desktop.id});
  }
  return actions;
}

}  // namespace tobari::vmhost
