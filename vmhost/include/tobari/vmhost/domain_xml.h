// SPDX-License-Identifier: GPL-3.0-or-later
// libvirt's description of a desktop's VM (https://libvirt.org/formatdomain.html). Pure.
#pragma once

#include <string>
#include <string_view>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

// The domain's name, "tobari-<id>"; its UUID is the desktop's id. By the name we know our own.
[[nodiscard]] std::string domain_name(const DesktopId& id);

// What a VM gets, and nothing else: direct kernel boot, its overlay disk, virtio GPU, keyboard, tablet, the agent's
// channel, balloon and random numbers. No network, no USB, no clipboard agent, no sound: what is not there leaks
// nothing.
[[nodiscard]] std::string domain_xml(const DomainSpec& spec);

// KVM only when the device is there and the CPU says that it can (`cpuinfo`: the text of /proc/cpuinfo): some machines
// show a /dev/kvm under which guests hang.
[[nodiscard]] Accelerator choose_accelerator(bool has_kvm_device, std::string_view cpuinfo);

}  // namespace tobari::vmhost
