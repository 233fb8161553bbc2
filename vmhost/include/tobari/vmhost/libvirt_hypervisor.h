// SPDX-License-Identifier: GPL-3.0-or-later
// Hypervisor over libvirt: QEMU's machines, or containers. Keeps one connection and makes it again, for ever, when
// libvirtd goes away; VMs live on meanwhile and calls answer kUnavailable. The connection must be local: displays come
// as descriptors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

struct LibvirtOptions {
  std::string uri = "qemu:///system";
  // How a domain is described; tests with other drivers of libvirt bring their own.
  std::function<std::string(const DomainSpec&)> describe = {};  // empty: domain_xml, container_xml
  // Of lxc:///system: the folder in which containers' ports listen (ports.h). Empty: `uri` is not of containers.
  std::string container_ports = {};
};

// Tries once to connect before it returns; a libvirtd that is not there (yet) is no error.
[[nodiscard]] Result<std::unique_ptr<Hypervisor>> make_libvirt_hypervisor(LibvirtOptions options);

// "11.3.0"
[[nodiscard]] std::string libvirt_version();

}  // namespace tobari::vmhost
