// SPDX-License-Identifier: GPL-3.0-or-later
// Tables for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "portal.h"

namespace tobari::cli {

struct Column {
  const char* title;
  const char* member;
};

// One line an object of `list`; members that are not there are "-".
[[nodiscard]] std::string table(const Json& list, const std::vector<Column>& columns);
// The table, or with `as_json` the whole answer.
void print_list(const Json& answer, const char* list, const std::vector<Column>& columns, bool as_json);

// A password: from `file` ("-": standard input), or asked for on the terminal without showing it.
[[nodiscard]] Result<std::string> read_password(const std::string& file, const std::string& prompt);

}  // namespace tobari::cli
