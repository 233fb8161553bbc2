// SPDX-License-Identifier: GPL-3.0-or-later
// Copies rows between two databases of the same schema, one of which is SQLite: that one is asked what there is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tobari/base/result.h>

#include "store/sql_session.h"

namespace tobari::broker {

struct TableColumn {
  std::string name;
  bool text = false;  // otherwise an integer
};
struct Table {
  std::string name;
  std::vector<TableColumn> columns;  // those of the primary key first, `keys` of them
  std::size_t keys = 0;
};

// Every table but schema_version, each behind those that it refers to. kInvalidArgument: one cannot be copied (no
// primary key, a type that is neither text nor integer, a circle, a name that is none of ours).
[[nodiscard]] Result<std::vector<Table>> tables_of(SqlSession& sqlite);

// All rows, inside transactions that the caller has begun on both sides. How many there were.
[[nodiscard]] Result<std::uint64_t> copy_table(const Table& table, SqlSession& from, SqlSession& to);

}  // namespace tobari::broker
