// SPDX-License-Identifier: GPL-3.0-or-later
// What libvirt's descriptions of VMs and of containers have in common. Pure.
#pragma once

#include <string>
#include <string_view>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

// Text that cannot become markup.
[[nodiscard]] std::string escaped(std::string_view text);

// A desktop's network card, behind the guard (domain_xml.h). A container has one end of a pair of devices as its eth0;
// the other end has the name and the place in the bridge that a VM's has. `devices`: of a VM.
[[nodiscard]] std::string card_of(const DesktopId& id, const NetworkCard& card, MachineKind machine,
                                  DeviceModel devices = DeviceModel::kParavirtualized);

}  // namespace tobari::vmhost
