// SPDX-License-Identifier: GPL-3.0-or-later
// Where audit records come from: the broker, page by page, or a file that `audit export` wrote.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "portal.h"

namespace tobari::cli {

inline constexpr std::size_t kMaxAuditLine = std::size_t{256} * 1024;

using EachRecord = std::function<Result<void>(const Json& record)>;

// Every record after `from` that there is now, in order; gives the number of the last one (or `from`). The first error
// of `each` ends it.
[[nodiscard]] Result<std::uint64_t> records_of_broker(Portal& portal, std::uint64_t from, const EachRecord& each);

// One record a line, at most kMaxAuditLine bytes each. kInvalidArgument names the line that is no JSON.
[[nodiscard]] Result<void> records_of_file(const std::filesystem::path& file, const EachRecord& each);

// A whole file of JSON, at most 64 KiB.
[[nodiscard]] Result<Json> read_json_file(const std::filesystem::path& file);

}  // namespace tobari::cli
