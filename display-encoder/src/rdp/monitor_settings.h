// SPDX-License-Identifier: GPL-3.0-or-later
// The client's monitors as FreeRDP has them in its settings: what a client asked for in its core data (MS-RDPBCGR
// 2.2.1.3.2, 2.2.1.3.6, 2.2.1.3.9), and what it is told in return.
#pragma once

#include <freerdp/settings.h>

#include <tobari/display/monitor.h>

namespace tobari::display {

// One monitor of the desktop's size for a client that names none. kInvalidArgument: they make no layout.
[[nodiscard]] Result<MonitorLayout> client_monitors(const rdpSettings* settings);

// The desktop's size, and the monitors that the Monitor Layout PDU will have (MS-RDPBCGR 2.2.12.1) if the client named
// some. `layout` is not empty. False when FreeRDP refuses.
[[nodiscard]] bool announce_monitors(const MonitorLayout& layout, rdpSettings* settings);

// The desktop's size alone.
[[nodiscard]] bool announce_size(Size size, rdpSettings* settings);

}  // namespace tobari::display
