// SPDX-License-Identifier: GPL-3.0-or-later
// FreeRDP as a library of this process.
#pragma once

#include <string>

namespace tobari::display {

// Once, before the first connection, from one thread: log, TLS, and the measuring of the CPU that FreeRDP does at the
// first use (a third of a second, which the first client would wait for).
void init_rdp_library();

[[nodiscard]] std::string rdp_library_version();  // "3.32.1"

}  // namespace tobari::display
