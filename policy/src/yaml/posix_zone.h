// SPDX-License-Identifier: GPL-3.0-or-later
// A zone's rule as POSIX writes it in TZ: "CET-1CEST,M3.5.0,M10.5.0/3". Private to src/yaml.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace tobari::policy {

// "M3.5.0/2": the last Sunday of March, 2:00 by the clock that is then in force.
struct PosixDay {
  unsigned month = 1;    // 1 .. 12
  unsigned week = 1;     // 1 .. 5; 5: the last
  unsigned weekday = 0;  // 0: Sunday
  std::chrono::seconds time{7200};

  // As if that clock were UTC.
  [[nodiscard]] std::chrono::sys_seconds in(std::chrono::year year) const;
};

struct PosixZone {
  struct Summer {
    std::chrono::seconds to_local{0};
    PosixDay begin{};
    PosixDay end{};
  };
  std::chrono::seconds standard{0};  // local time is UTC plus this
  std::optional<Summer> summer{};
};

// Nothing when it is malformed, or says days in another way.
[[nodiscard]] std::optional<PosixZone> parse_posix_zone(std::string_view text);

}  // namespace tobari::policy
