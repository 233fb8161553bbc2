// SPDX-License-Identifier: GPL-3.0-or-later
// Where a desktop's ports listen on its host: sockets in one folder for all desktops. A VM's are made by QEMU when it
// is started, and lead to its virtio-serial ports. A container's are made by who starts it, and handed to it as
// listening descriptors: no folder is shared with it, so there is no path of its own choice that the host would ever
// open.
#pragma once

#include <string>

#include <tobari/base/ids.h>

namespace tobari::vmhost {

[[nodiscard]] inline std::string agent_port(const std::string& folder, const DesktopId& id) {
  return folder + "/" + id.str() + ".sock";
}
[[nodiscard]] inline std::string clipboard_port(const std::string& folder, const DesktopId& id) {
  return folder + "/" + id.str() + ".clip";
}
// Of containers; SOCK_SEQPACKET, the others are streams.
[[nodiscard]] inline std::string picture_port(const std::string& folder, const DesktopId& id) {
  return folder + "/" + id.str() + ".pict";
}

}  // namespace tobari::vmhost
