// SPDX-License-Identifier: GPL-3.0-or-later
// The display control channel (MS-RDPEDISP): the client says which size its window has now. One monitor in this
// version.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/geometry.h>

namespace tobari::display::disp {

// What the server allows; the first message on the channel.
void caps(std::vector<std::byte>& out);

// The primary monitor's size, if the message is a layout with sizes that the protocol allows (200 to 8192 pixels a
// side); nothing for a layout that is to be ignored. kPeerProtocol: malformed.
[[nodiscard]] Result<std::optional<Size>> parse_layout(std::span<const std::byte> message);

}  // namespace tobari::display::disp
