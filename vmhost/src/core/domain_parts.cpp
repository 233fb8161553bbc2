// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/domain_parts.h"

#include <format>

#include <tobari/vmhost/domain_xml.h>

namespace tobari::vmhost {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no other control characters, escaped or not.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n') out += c;
    }
  }
  return out;
}

// The card does not come up without its guard: libvirt refuses to start a VM whose filter it does not know.
std::string card_of(const DesktopId& id, const NetworkCard& card, MachineKind machine, DeviceModel devices) {
  std::string out =
      card.network.empty()
          ? std::format("    <interface type='bridge'>\n      <source bridge='{}'/>\n", escaped(card.bridge))
          : std::format("    <interface type='network'>\n      <source network='{}'/>\n", escaped(card.network));
  out += std::format("      <mac address='{}'/>\n      <target dev='{}'/>\n", guest_mac(id), tap_name(id));
  if (machine == MachineKind::kVm) {
    out += std::format("      <model type='{}'/>\n", devices == DeviceModel::kFull ? "e1000e" : "virtio");
  } else {
    out += "      <guest dev='eth0'/>\n";
  }
  out += std::format("      <filterref filter='{}'>\n        <parameter name='CTRL_IP_LEARNING' value='dhcp'/>\n",
                     kGuardName);
  for (const std::string& server : card.dhcp_servers) {
    out += std::format("        <parameter name='DHCPSERVER' value='{}'/>\n", escaped(server));
  }
  return out + "      </filterref>\n    </interface>\n";
}

}  // namespace tobari::vmhost
