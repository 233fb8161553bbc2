// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/container_xml.h>

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include <tobari/vmhost/domain_xml.h>

#include "core/domain_parts.h"

namespace tobari::vmhost {
namespace {

constexpr std::uint32_t kPeriodOfShare = 100'000;  // microseconds; libvirt's <period>

// Not read-only: nobody in there owns any of it, and a kernel does not let a user name space take more from a mount
// than its owner took.
std::string folder_at(const std::string& folder, std::string_view at) {
  return std::format(
      "    <filesystem type='mount' accessmode='passthrough'>\n      <source dir='{}'/>\n      <target dir='{}'/>\n"
      "    </filesystem>\n",
      escaped(folder), at);
}

std::string own_ids(std::uint32_t first) {
  return std::format(
      "  <idmap>\n    <uid start='0' target='{0}' count='{1}'/>\n    <gid start='0' target='{0}' count='{1}'/>\n"
      "  </idmap>\n",
      first, kIdsOfContainer);
}

}  // namespace

std::string machine_id_of(const DesktopId& id) {
  std::string digits = id.str();
  std::erase(digits, '-');
  return digits;
}

std::string container_xml(const DomainSpec& spec) {
  std::string out =
      std::format("<domain type='lxc'>\n  <name>{}</name>\n  <uuid>{}</uuid>\n", domain_name(spec.id), spec.id.str());
  if (!spec.title.empty()) out += std::format("  <title>{}</title>\n", escaped(spec.title));
  out += std::format("  <memory unit='MiB'>{}</memory>\n  <vcpu>{}</vcpu>\n", spec.memory_mib, spec.vcpus);
  out += std::format("  <cputune>\n    <period>{}</period>\n    <quota>{}</quota>\n  </cputune>\n", kPeriodOfShare,
                     kPeriodOfShare * spec.vcpus);
  out += std::format(
      "  <os>\n    <type>exe</type>\n    <init>{}</init>\n    <initarg>{}</initarg>\n    <initarg>{}</initarg>\n"
      "  </os>\n",
      kContainerInit, escaped(spec.container.host_name), machine_id_of(spec.id));
  out += own_ids(spec.container.first_id);
  out += "  <features>\n    <privnet/>\n  </features>\n";
  // A restart by libvirt would be without the descriptors that the first start was given.
  out += "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>destroy</on_reboot>\n  <on_crash>destroy</on_crash>\n";
  out += "  <devices>\n";
  out += folder_at(spec.container.base, "/") + folder_at(spec.container.base, kContainerBase) +
         folder_at(spec.container.own, kContainerOwn);
  if (spec.network) out += card_of(spec.id, *spec.network, MachineKind::kContainer);
  return out + "    <console type='pty'/>\n  </devices>\n</domain>\n";
}

std::optional<std::string> container_refusal(std::string_view complaint) {
  // (what libvirt or the kernel says, what it means)
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kMeanings{{
      {"/sys/fs/cgroup/unified",
       "libvirt's containers do not work with control groups of both versions: libvirtd must not see "
       "/sys/fs/cgroup/unified"},
      {"cgroups controller mount", "libvirt's containers need the control groups cpuacct, devices and memory"},
      {"cgroup", "libvirt cannot make a control group"},
      {"user namespace", "the kernel gives no user name spaces (user.max_user_namespaces)"},
      {"/dev/fuse", "libvirt's containers need /dev/fuse"},
      {"no connection driver", "libvirt's driver for containers is not installed (libvirt-daemon-driver-lxc)"},
  }};
  const auto meaning =
      std::ranges::find_if(kMeanings, [complaint](const auto& each) { return complaint.contains(each.first); });
  if (meaning == kMeanings.end()) return std::nullopt;
  return std::format("this host cannot run containers: {} (docs/CONTAINERS.md, Hosts): {}", meaning->second, complaint);
}

}  // namespace tobari::vmhost
