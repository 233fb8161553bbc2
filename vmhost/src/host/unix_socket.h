// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <sys/socket.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// A socket of this type to who listens there, which does not block. kUnavailable, kNotFound: nobody does.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path, int type = SOCK_STREAM);

}  // namespace tobari::vmhost
