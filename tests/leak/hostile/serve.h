// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::leak {

// A display process for clients of other making. Lines on standard input, each answered with a line of JSON:
//   arm SESSION [TICKET]  a ticket for the next client: {"port", "ticket", "certificate_sha256"}
//   seen           what passed towards the machine so far: {"canaries", "calls", "files", "bytes_to_machine",
//   "interfaces"} report SESSION what the display process said of it: {"connected", "violation", "ended", "detail"}
// Ends with its input. `clipboard`: the socket of a clipboard agent; empty: the machine has none.
[[nodiscard]] Result<void> serve(const std::string& display, const std::vector<std::string>& grants,
                                 const std::string& client_stem, const std::string& clipboard);

}  // namespace tobari::leak
