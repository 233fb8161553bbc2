// SPDX-License-Identifier: GPL-3.0-or-later
// What operators do to the database (docs/DATABASE.md). Each answer is a sentence for them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "store/database.h"

namespace tobari::broker {

// kUnavailable: it cannot be reached now, and why.
[[nodiscard]] Result<void> reach(const Database& database);

// The schemas that this program knows, and which one the database has.
[[nodiscard]] Result<std::string> list_schemas(const Database& database);

// To the newest schema, or to `target`, forward or back; no broker may serve from it.
[[nodiscard]] Result<std::string> change_schema(const Database& database, std::optional<int> target);

// While brokers serve or not (store/archive.h).
[[nodiscard]] Result<std::string> back_up_to(const Database& database, const std::filesystem::path& file);
[[nodiscard]] Result<std::string> restore_from(const std::filesystem::path& file, const Database& database,
                                               const Clock& clock);

}  // namespace tobari::broker
