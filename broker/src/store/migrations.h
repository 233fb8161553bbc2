// SPDX-License-Identifier: GPL-3.0-or-later
// Brings a database from one schema to another, step by step (store/schema.h).
#pragma once

#include <tobari/base/result.h>

#include "store/sql_session.h"

namespace tobari::broker {

[[nodiscard]] int newest_schema();

// 0: the database is empty.
[[nodiscard]] Result<int> schema_version(SqlSession& sql);

// Runs the steps to `target`, forward or back, each in a transaction of its own together with its number. Wants a
// connection for maintenance. kInvalidArgument: there is no such schema, or a newer Tobari wrote it. kUnavailable:
// brokers are serving from it, which must not happen while it changes.
[[nodiscard]] Result<void> migrate(SqlSession& sql, int target);
[[nodiscard]] inline Result<void> migrate(SqlSession& sql) { return migrate(sql, newest_schema()); }

// For a program that serves: kInvalidArgument when the schema is not the newest that it knows.
[[nodiscard]] Result<void> check_schema(SqlSession& sql);

}  // namespace tobari::broker
