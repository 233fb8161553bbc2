// SPDX-License-Identifier: GPL-3.0-or-later
// Which desktop or pool a person means.
#pragma once

#include <string>

#include "portal.h"

namespace tobari::cli {

// Every desktop that the caller may see, page after page.
[[nodiscard]] Result<Json> all_desktops(Portal& portal);

// A desktop's id from its name, its id, or, when there is only one, from nothing.
[[nodiscard]] Result<std::string> find_desktop(Portal& portal, const std::string& wanted);

// What can be connected to: a pool of the caller's, or a desktop that is in none of these.
struct Target {
  std::string name;
  std::string path;     // "/pools/ID" or "/desktops/ID"
  std::string desktop;  // the desktop's id; empty: none yet
  bool of_pool = false;
};
// By name, by id, or, when there is only one, from nothing.
[[nodiscard]] Result<Target> find_target(Portal& portal, const std::string& wanted);

// A pool's id from its name or id. For administrators.
[[nodiscard]] Result<std::string> find_pool(Portal& portal, const std::string& wanted);

}  // namespace tobari::cli
