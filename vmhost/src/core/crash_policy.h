// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a desktop whose VM ended by itself: what its pool says, else what its host does. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/restart_budget.h"

namespace tobari::vmhost {

struct CrashPolicy {
  static constexpr std::uint32_t kMostRestarts = 100;  // host.proto

  bool stay_off = false;
  std::optional<std::uint32_t> restarts = {};  // none: the host's number

  [[nodiscard]] bool stays_off() const noexcept { return stay_off || restarts == 0U; }
  // Starts that fail count too, and one that stays off after a crash may fail to start as often as any other.
  [[nodiscard]] RestartBudget::Limits limits(RestartBudget::Limits of_host) const noexcept {
    if (restarts && !stays_off()) of_host.deaths = static_cast<int>(std::min(*restarts, kMostRestarts)) + 1;
    return of_host;
  }
};

}  // namespace tobari::vmhost
