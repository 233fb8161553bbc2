// SPDX-License-Identifier: GPL-3.0-or-later
// libvirt's description of a desktop that is a container (https://libvirt.org/drvlxc.html). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

// Where the image's first program (installer/guest/container/init.cpp) finds what it makes its root of.
inline constexpr std::string_view kContainerInit = "/usr/lib/tobari/container/init";
inline constexpr std::string_view kContainerBase = "/.tobari/base";
inline constexpr std::string_view kContainerOwn = "/.tobari/own";

// What a container gets, and nothing else: users and groups of its own, the image's system and its own folder, memory
// and processor within the desktop's size, a network name space of its own with a card where the host is configured to
// have a network for desktops. No device of the host, no capability outside of it, no file system of the host.
[[nodiscard]] std::string container_xml(const DomainSpec& spec);

// 32 hex digits, the same at each start.
[[nodiscard]] std::string machine_id_of(const DesktopId& id);

// Why this host cannot run containers at all, in words for its administrator, when that is what libvirt's complaint
// about a start means. Nothing: it is about this one.
[[nodiscard]] std::optional<std::string> container_refusal(std::string_view complaint);

}  // namespace tobari::vmhost
