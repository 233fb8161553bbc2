// SPDX-License-Identifier: GPL-3.0-or-later
// An audit record as a line for other programs.
#pragma once

#include <string>

#include "portal.h"

namespace tobari::cli {

// As the broker gives it: what `audit verify --file` reads.
[[nodiscard]] std::string json_line(const Json& record);

// RFC 5424: facility 13 (log audit), severity notice, or warning for what was denied or failed; the members as
// structured data. Without a line end.
[[nodiscard]] std::string syslog_line(const Json& record, const std::string& host);

}  // namespace tobari::cli
