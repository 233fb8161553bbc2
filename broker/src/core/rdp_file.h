// SPDX-License-Identifier: GPL-3.0-or-later
// The .rdp file that any RDP client opens. Holds the routing token, but not the ticket: files are kept and sent around.
// Pure.
#pragma once

#include <cstdint>
#include <string>

namespace tobari::broker {

struct RdpTarget {
  std::string address{};  // of the gateway
  std::uint16_t port = 0;
  std::string routing_token{};
  std::string user{};
  bool sound = false;          // the desktop may be heard
  bool every_monitor = false;  // of the client; otherwise one
  bool clipboard = false;      // something may be copied or pasted
};

[[nodiscard]] std::string rdp_file(const RdpTarget& target);

}  // namespace tobari::broker
