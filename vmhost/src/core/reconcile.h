// SPDX-License-Identifier: GPL-3.0-or-later
// What to do next so that what is becomes what should be. Pure; asked again after every change, so it needs no memory
// of what it said before.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include <tobari/base/ids.h>

namespace tobari::vmhost {

enum class Power : std::uint8_t { kOn, kOff, kDeleted };
// How one that is off is off.
enum class Rest : std::uint8_t { kStopped, kSuspended, kSaved };

struct WantedDesktop {
  DesktopId id;
  std::uint64_t epoch = 0;
  Power power = Power::kOff;
  Rest rest = Rest::kStopped;
};

struct FoundDesktop {
  DesktopId id;
  bool running = false;  // or suspended
  bool paused = false;   // suspended
};

struct HostMemory {
  std::map<DesktopId, std::uint64_t> epochs;  // the highest one acted on, per desktop
  std::set<DesktopId> busy;                   // something is under way: leave alone
  std::set<DesktopId> held;                   // not to be started, or resumed, now: failed, resting after a failure
  std::set<DesktopId> gone;                   // deleted by us, nothing is left
  std::set<DesktopId> fenced{};               // they may run elsewhere by now: they stand still, whatever is wanted
};

struct Action {
  enum class Kind : std::uint8_t {
    kStart,
    kStop,    // ask the guest, later pull the plug
    kDelete,  // VM and disk
    kSuspend,
    kSave,
    kResume,  // one that is suspended
    kFence,   // its processors stop, also when something else is under way
    kRefuse,  // an epoch lower than one seen: somebody with old knowledge, do nothing
  };
  Kind kind = Kind::kRefuse;
  DesktopId id;
  friend bool operator==(const Action&, const Action&) = default;
};

// `found`: what the hypervisor lists. A desktop that nobody wants here is stopped and never deleted: only the word
// "deleted" deletes. At most one action a desktop, in the order of `wanted`, then of `found`.
[[nodiscard]] std::vector<Action> reconcile(std::span<const WantedDesktop> wanted, std::span<const FoundDesktop> found,
                                            const HostMemory& memory);

}  // namespace tobari::vmhost
