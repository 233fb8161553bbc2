// SPDX-License-Identifier: GPL-3.0-or-later
// The core's parts, one for each event. Private to src/control.
#pragma once

#include <string>

#include "control/core.h"

namespace tobari::broker::control {

// What every step works with.
struct Step {
  Writer& writer;
  Time now;
  const Settings& settings;
  Effects effects{};

  [[nodiscard]] Result<void> record(const Who& who, std::string action, const std::string& object, std::string detail);
  // To be deleted, by nobody any more.
  [[nodiscard]] Result<void> retire(const Desktop& desktop, const Who& who, std::string action, const std::string& why);
  // A new desktop of the pool, on the best host; of `user` unless that is empty. On record.
  [[nodiscard]] Result<Desktop> make(const Pool& pool, const User& user, const DesktopId& id, const Facts& facts,
                                     const Who& who);
};

[[nodiscard]] Result<void> assign(Step& step, const Assign& event);
[[nodiscard]] Result<void> give_back(Step& step, const GiveBack& event);
[[nodiscard]] Result<void> sweep(Step& step, const Sweep& event);
[[nodiscard]] Result<void> leases_asked(Step& step, const LeasesAsked& event);
[[nodiscard]] Result<void> host_silent(Step& step, const HostSilent& event);
[[nodiscard]] Result<void> host_reported(Step& step, const HostReported& event);
[[nodiscard]] Result<void> set_host_mode(Step& step, const SetHostMode& event);
[[nodiscard]] Result<void> add_pool(Step& step, const AddPool& event);
[[nodiscard]] Result<void> change_pool(Step& step, const ChangePool& event);
[[nodiscard]] Result<void> remove_pool(Step& step, const RemovePool& event);
[[nodiscard]] Result<void> put_in_pool(Step& step, const PutInPool& event);

}  // namespace tobari::broker::control
