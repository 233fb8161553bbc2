// SPDX-License-Identifier: GPL-3.0-or-later
// libvirt's description of a desktop's VM (https://libvirt.org/formatdomain.html). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

// The domain's name, "tobari-<id>", or "tobari-template-<id>"; its UUID is the id. By the name we know our own.
[[nodiscard]] std::string domain_name(const DesktopId& id);
[[nodiscard]] std::string template_name(const DesktopId& id);
struct DomainKey {
  DesktopId id;
  bool is_template = false;
};
// Nothing: somebody else's.
[[nodiscard]] std::optional<DomainKey> parse_domain_name(std::string_view name);

// Of a desktop's network card, both from its id alone: the MAC (locally administered), and the host's end, which the
// host's packet filter knows it by ("tb-" and 12 digits: 15 characters are a name's limit).
[[nodiscard]] std::string guest_mac(const DesktopId& id);
[[nodiscard]] std::string tap_name(const DesktopId& id);

// The nwfilter that every desktop's card stands behind (https://libvirt.org/formatnwfilter.html): its own MAC, and the
// IPv4 address that a DHCP server gave it, which libvirt watches for; before that nothing but DHCP.
inline constexpr std::string_view kGuardName = "tobari-desktop";
[[nodiscard]] std::string guard_xml();

// What a VM gets, and nothing else: direct kernel boot or its own disk's, its overlay disk, virtio GPU, keyboard,
// tablet, the agent's channel, sound, balloon and random numbers, and a network card where the host is configured to
// have a network for desktops. No USB, no clipboard agent: what is not there leaks nothing. One of full virtualization
// has SATA, VGA, e1000e and, on a bus where nothing can be plugged in, a USB tablet; it gets a medium's drive where its
// image has one.
[[nodiscard]] std::string domain_xml(const DomainSpec& spec);

// The same VM as it is started once, as a copy of a template: its memory a private mapping of the template's, its
// devices those of the template in the same places, waiting for the state to load. No network card: the template has
// none; a free port is there for it.
[[nodiscard]] std::string clone_xml(const DomainSpec& spec, const TemplateFiles& of);

// A desktop's card alone, to be attached.
[[nodiscard]] std::string card_xml(const DesktopId& id, const NetworkCard& card, MachineKind machine);

// One more disk, to be attached. `place`: from 0, which of the VM's further disks it is.
[[nodiscard]] std::string disk_xml(const ExtraDisk& disk, std::uint32_t place);
inline constexpr std::uint32_t kMaxExtraDisks = 4;

// KVM only when the device is there and the CPU says that it can (`cpuinfo`: the text of /proc/cpuinfo): some machines
// show a /dev/kvm under which guests hang.
[[nodiscard]] Accelerator choose_accelerator(bool has_kvm_device, std::string_view cpuinfo);

}  // namespace tobari::vmhost
