// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <tobari/base/result.h>

namespace tobari::vmhost {

// Takes a network device away from this name space, by rtnetlink(7); of a pair both ends go. Not there is success.
// kInvalidArgument: no device has such a name (at most 15 bytes). Needs CAP_NET_ADMIN.
[[nodiscard]] Result<void> remove_network_link(const std::string& name);

}  // namespace tobari::vmhost
