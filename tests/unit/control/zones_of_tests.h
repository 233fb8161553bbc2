// SPDX-License-Identifier: GPL-3.0-or-later
// A time zone that no machine need know: central Europe in 2026 and 2027.
#pragma once

#include <chrono>
#include <memory>

#include "core/pool_plan.h"

namespace tobari::broker {

inline ZoneTable berlin_zones() {
  using namespace std::chrono_literals;
  using std::chrono::sys_days;
  using std::chrono::year;
  return {{"Europe/Berlin", std::make_shared<const policy::TimeZone>(policy::TimeZone{
                                .name = "Europe/Berlin",
                                .offsets = {{.from = sys_days(year(2025) / 10 / 26) + 1h, .to_local = 1h},
                                            {.from = sys_days(year(2026) / 3 / 29) + 1h, .to_local = 2h},
                                            {.from = sys_days(year(2026) / 10 / 25) + 1h, .to_local = 1h},
                                            {.from = sys_days(year(2027) / 3 / 28) + 1h, .to_local = 2h}}})}};
}

}  // namespace tobari::broker
