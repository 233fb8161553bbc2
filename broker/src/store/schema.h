// SPDX-License-Identifier: GPL-3.0-or-later
// The schema as numbered steps, each with its way back. A step that was released is never changed: the next one changes
// what it made.
//
// To add one: its two lists and its row, at the end of schema.cpp. Write what both engines understand (types: TEXT,
// INTEGER, BIGINT; " TEXT " gets PostgreSQL's byte-wise order by itself); what only one of them needs names it.
#pragma once

#include <optional>
#include <span>

#include "store/database.h"

namespace tobari::broker {

struct Statement {
  const char* text;
  std::optional<Engine> only{};
};

struct SchemaStep {
  const char* what;  // for the list of `tobari-broker migrate --list`
  std::span<const Statement> forward;
  std::span<const Statement> back;  // must fail, by a constraint, rather than lose what the older schema cannot hold
};

// The first is number 1.
[[nodiscard]] std::span<const SchemaStep> schema_steps();

}  // namespace tobari::broker
