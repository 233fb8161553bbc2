// SPDX-License-Identifier: GPL-3.0-or-later
// Where SQLite and PostgreSQL want different words. Every other statement of the store is the same for both.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/database.h"

namespace tobari::broker {

// What a connection is for. Who serves must not wait long; who looks after the schema may. An archive is a backup: a
// file of SQLite that is whole without others beside it.
enum class Purpose : std::uint8_t { kServe, kMaintain, kArchive };

struct Dialect {
  std::span<const char* const> on_open;  // settings of a new connection
  const char* begin_act;                 // acts of all brokers come one after the other
  bool begins_with_head;                 // begin_act gives the newest audit record's sequence and hash besides
  const char* begin_read;                // a snapshot
  const char* has_schema;                // 1: the table of versions is there
  const char* lock_schema;               // one program changes the schema at a time
  const char* keep_brokers_out;          // fails when one has a connection; else none gets one until unlocked
  const char* unlock_schema;
};

[[nodiscard]] const Dialect& dialect(Engine engine, Purpose purpose);

// A statement of a migration in the words of `engine`.
[[nodiscard]] std::string in_dialect(Engine engine, std::string_view statement);

}  // namespace tobari::broker
