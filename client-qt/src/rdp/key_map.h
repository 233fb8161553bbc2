// SPDX-License-Identifier: GPL-3.0-or-later
// From the key code of the window system to the scan code on the wire. Pure.
// Native codes and not Qt's key names: the guest applies its own layout to the place of a key.
#pragma once

#include <cstdint>

#include "session/input.h"

namespace tobari::client {

// X11 and Wayland give the Linux event code (linux/input-event-codes.h) plus 8. kNoScanCode for keys that the wire does
// not know.
[[nodiscard]] ScanCode scan_code_of(std::uint32_t native_code);

}  // namespace tobari::client
