// SPDX-License-Identifier: GPL-3.0-or-later
// What is left on a host that is to be empty, and why.
#pragma once

#include <string>
#include <vector>

#include "store/state_store.h"

namespace tobari::broker::control {

struct LeftDesktop {
  Desktop desktop;
  std::string why;  // a sentence for people, without a full stop
};

[[nodiscard]] Result<std::vector<LeftDesktop>> left_on_host(const Reader& reader, const HostId& host);

}  // namespace tobari::broker::control
