// SPDX-License-Identifier: GPL-3.0-or-later
// The core's parts, one for each event. Private to src/control.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/core.h"
#include "control/plans.h"
#include "control/user_disks.h"

namespace tobari::broker::control {

// What every step works with.
struct Step {
  Writer& writer;
  Time now;
  const Settings& settings;
  Effects effects{};
  // Of all hosts, for desktops of nobody: read once, since in one step only such desktops come to them.
  std::optional<std::vector<HostCapacity>> for_spares{};

  [[nodiscard]] Result<void> record(const Who& who, std::string action, const std::string& object, std::string detail);
  // To be deleted, by nobody any more.
  [[nodiscard]] Result<void> retire(const Desktop& desktop, const Who& who, std::string action, const std::string& why);
  // A new desktop of the pool, on the best host; of `user` unless that is empty. On record.
  [[nodiscard]] Result<Desktop> make(const Pool& pool, const User& user, const DesktopId& id, const Facts& facts,
                                     const Who& who, const DiskClaim* disk = nullptr);

 private:
  [[nodiscard]] Result<HostId> place_for(const Pool& pool, const User& user, const std::string& image,
                                         const Facts& facts, const DiskClaim* disk);
};

[[nodiscard]] Result<void> assign(Step& step, const Assign& event);
[[nodiscard]] Result<void> give_back(Step& step, const GiveBack& event);
[[nodiscard]] Result<void> log_off(Step& step, const LogOff& event);
[[nodiscard]] Result<void> restart_of(Step& step, const RestartOf& event);
[[nodiscard]] Result<void> sweep(Step& step, const Sweep& event);
[[nodiscard]] Result<void> leases_asked(Step& step, const LeasesAsked& event);
[[nodiscard]] Result<void> host_silent(Step& step, const HostSilent& event);
[[nodiscard]] Result<void> host_reported(Step& step, const HostReported& event);
[[nodiscard]] Result<void> set_host_mode(Step& step, const SetHostMode& event);
[[nodiscard]] Result<void> end_use(Step& step, const EndUse& event);
[[nodiscard]] Result<void> keep_use(Step& step, const KeepUse& event);
[[nodiscard]] Result<void> remove_user_disk(Step& step, const RemoveUserDisk& event);
[[nodiscard]] Result<void> add_pool(Step& step, const AddPool& event);
[[nodiscard]] Result<void> change_pool(Step& step, const ChangePool& event);
[[nodiscard]] Result<void> remove_pool(Step& step, const RemovePool& event);
[[nodiscard]] Result<void> put_in_pool(Step& step, const PutInPool& event);

// ---- plans.cpp
// Spares on or at rest, as the plan and the time want it; `spares`: those that stay.
[[nodiscard]] Result<void> keep_power(Step& step, PowerBudget& budget, const Sweep& event, const PlannedPool& planned,
                                      const SpareTargets& targets, const std::vector<Desktop>& spares);
// A user's desktop without a client, by its pool's plan.
[[nodiscard]] Result<void> rest_unused(Step& step, PowerBudget& budget, const PlannedPool& planned,
                                       const Desktop& desktop, std::chrono::seconds idle);
// What rested because the pool was closed.
[[nodiscard]] Result<void> wake_users(Step& step, PowerBudget& budget, const PlannedPool& planned);

// ---- endings.cpp
// What is to end by now.
[[nodiscard]] Result<void> end_what_is_due(Step& step);
// A host says that its user has logged off.
[[nodiscard]] Result<void> logged_off(Step& step, const Desktop& desktop, const Facts* facts, const Who& who);
// Users of a host that is to be empty.
[[nodiscard]] Result<void> move_users(Step& step, const Host& host, const SetHostMode& event);
[[nodiscard]] Result<void> let_users_stay(Step& step, const Host& host);

// ---- user_disks.cpp
[[nodiscard]] Result<DiskClaim> look_for_disk(const Step& step, const User& user, const PlanDisk& wanted);
[[nodiscard]] Result<void> claim_disk(Step& step, const DiskClaim& claim, const User& user, const Desktop& desktop,
                                      const Who& who);
[[nodiscard]] Result<void> disks_reported(Step& step, const Host& host, const HostReported& event);

}  // namespace tobari::broker::control
