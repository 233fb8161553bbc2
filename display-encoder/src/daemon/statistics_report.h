// SPDX-License-Identifier: GPL-3.0-or-later
// DisplayStats for the host agent and for the log.
#pragma once

#include <string>
#include <string_view>

#include <tobari/display/display_stats.h>

namespace tobari::wire {
class Statistics;
}

namespace tobari::display {

void to_wire(const DisplayStats& stats, wire::Statistics& out);

// One line; `whose` is a session's id or "all".
void log_statistics(std::string_view whose, const DisplayStats& stats);

}  // namespace tobari::display
