// SPDX-License-Identifier: GPL-3.0-or-later
// What a move means for what is known of the client's picture.
#pragma once

#include <tobari/display/encoder.h>
#include <tobari/display/move.h>
#include <tobari/display/region.h>

namespace tobari::display {

[[nodiscard]] EncodedRect copy_command(const Move& move);

// A property of the client's pixels goes with them: what of `region` lay where the move came from lies at its place now
// as well, and what lay at its place is gone. Returns the part that arrived.
Region carry_along(Region& region, const Move& move);

}  // namespace tobari::display
