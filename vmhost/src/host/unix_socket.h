// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// A stream to who listens there, which does not block.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path);

}  // namespace tobari::vmhost
