// SPDX-License-Identifier: GPL-3.0-or-later
// The listening ends of a container's ports (ports.h), which its first program inherits.
#pragma once

#include <array>
#include <string>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// In the order in which they become descriptors 3, 4 and 5 in there (installer/guest/container/init.cpp): agent,
// picture, clipboard.
using ContainerPorts = std::array<UniqueFd, 3>;

// New ones, listening from now on: whoever connects before the container's programs are there waits for them. What had
// these names before leads nowhere any more.
[[nodiscard]] Result<ContainerPorts> listen_container_ports(const std::string& folder, const DesktopId& id);

// A connection to the picture port. kUnavailable: nobody listens there.
[[nodiscard]] Result<UniqueFd> connect_picture_port(const std::string& folder, const DesktopId& id);

}  // namespace tobari::vmhost
