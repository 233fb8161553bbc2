// SPDX-License-Identifier: GPL-3.0-or-later
// A new layout as messages of the graphics pipeline. No state, no I/O.
#pragma once

#include "rdp/gfx_pdu.h"

namespace tobari::display::gfx {

// The frame that paints the background black; the client acknowledges it, and no other has this id.
inline constexpr std::uint32_t kBackgroundFrame = 0;

// Surfaces 0 to `former` - 1 go, the desktop gets these monitors, and each of the layout's surfaces is made and mapped,
// with its index as its id. What none of them covers becomes black: clients keep there whatever was shown before.
void lay_out(const OutputLayout& layout, std::size_t former, Bytes& out);

}  // namespace tobari::display::gfx
