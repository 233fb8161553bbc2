// SPDX-License-Identifier: GPL-3.0-or-later
// A time zone of this machine as a value.
#pragma once

#include <memory>
#include <string>

#include <tobari/policy/weekly.h>

namespace tobari::policy {

// Read from the compiled files of the system, as the C library does: the time zone database of libstdc++ 14 is wrong
// for months after a zone changes its rules while it has summer time (America/Vancouver in 2026). Null when there is
// none.
[[nodiscard]] std::shared_ptr<const TimeZone> find_zone(const std::string& name);

}  // namespace tobari::policy
