// SPDX-License-Identifier: GPL-3.0-or-later
// Backups: the whole database in one file of SQLite, from either engine and to either engine. So a file can be looked
// into with sqlite3, and a broker moves from SQLite to PostgreSQL (or back) by a backup and a restore.
#pragma once

#include <cstdint>
#include <filesystem>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "core/audit_chain.h"
#include "store/database.h"

namespace tobari::broker {

struct Archived {
  int schema = 0;
  std::uint64_t rows = 0;  // of all tables
  ChainHead audit;         // verified from its first record on
};

// Writes `file`, which must not exist (kAlreadyExists), mode 0600; it appears when it is whole, synced and checked. All
// of it is of one moment, whatever brokers do meanwhile.
[[nodiscard]] Result<Archived> back_up(const Database& from, const std::filesystem::path& file);

// Checks `file` (that it is whole, that what refers to something finds it, the audit's chain), then fills `to`, which
// must be empty: nothing is ever overwritten (kAlreadyExists). All or nothing. An older schema is brought up to date,
// and the audit says that and what was restored. kInvalidArgument: the file is not what it should be, or a newer Tobari
// wrote it.
[[nodiscard]] Result<Archived> restore(const std::filesystem::path& file, const Database& to, const Clock& clock);

}  // namespace tobari::broker
