// SPDX-License-Identifier: GPL-3.0-or-later
// The seam to the host's packet filter: what each desktop's network lets through. Calls block and may be made from any
// thread, one at a time. A desktop that has no rules here has no network either: its tap is closed.
#pragma once

#include <map>
#include <set>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/policy/network_rules.h>

#include "core/network_filter.h"

namespace tobari::vmhost {

using Networks = std::map<DesktopId, policy::DesktopNetwork>;

class PacketFilter {
 public:
  virtual ~PacketFilter() = default;
  // From now on exactly this for each of these, for connections that exist as well; all of it in one moment or, on an
  // error, nothing of it.
  [[nodiscard]] virtual Result<void> set(const Networks& networks, const Surroundings& around,
                                         const Addresses& addresses) = 0;
  // Of a desktop without rules: success.
  [[nodiscard]] virtual Result<void> remove(const DesktopId& id) = 0;
  [[nodiscard]] virtual Result<std::set<DesktopId>> list() = 0;
};

}  // namespace tobari::vmhost
