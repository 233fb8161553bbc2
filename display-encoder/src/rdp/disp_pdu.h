// SPDX-License-Identifier: GPL-3.0-or-later
// The display control channel (MS-RDPEDISP): the client says which monitors, or which size of window, it has now.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/monitor.h>

namespace tobari::display::disp {

// What the server allows; the first message on the channel.
void caps(std::vector<std::byte>& out);

// The monitors, if their sizes are such as the protocol allows (200 to 8192 pixels a side) and they make a layout;
// empty for one that is to be ignored: `why` says what is wrong with it. kPeerProtocol: malformed.
struct ParsedLayout {
  MonitorLayout layout;
  std::string why;
};
[[nodiscard]] Result<ParsedLayout> parse_layout(std::span<const std::byte> message);

}  // namespace tobari::display::disp
