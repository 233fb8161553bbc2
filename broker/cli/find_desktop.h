// SPDX-License-Identifier: GPL-3.0-or-later
// Which desktop a person means.
#pragma once

#include <string>

#include "portal.h"

namespace tobari::cli {

// Every desktop that the caller may see, page after page.
[[nodiscard]] Result<Json> all_desktops(Portal& portal);

// A desktop's id from its name, its id, or, when there is only one, from nothing.
[[nodiscard]] Result<std::string> find_desktop(Portal& portal, const std::string& wanted);

}  // namespace tobari::cli
