// SPDX-License-Identifier: GPL-3.0-or-later
// The measuring of a workload of tests/perf, which says in a ledger what it draws.
#pragma once

#include "client.h"

namespace tobari::probe {

// Stays for options.seconds; one line of JSON (tests/support/frames/watch.h, with bytes and the client's own CPU).
[[nodiscard]] Result<std::string> measure_workload(const Options& options, Session& session, Seen& seen);

}  // namespace tobari::probe
