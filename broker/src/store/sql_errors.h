// SPDX-License-Identifier: GPL-3.0-or-later
// The fence around SOCI: it throws, we do not.
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include <tobari/base/result.h>

#include "store/sql_session.h"

namespace tobari::broker {

inline constexpr const char* kDatabaseAway =
    "the database cannot be reached, nothing was changed: try again in a few seconds";

struct SqlFailure {
  Error error;
  Trouble trouble = Trouble::kNone;
};
[[nodiscard]] SqlFailure sql_failure(std::string_view doing_what, const std::exception& e);

template <class Body>
auto sql_guard(SqlSession& session, std::string_view doing_what, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    SqlFailure failure = sql_failure(doing_what, e);
    session.note(failure.trouble);
    return std::unexpected<Error>(std::move(failure.error));
  }
}

}  // namespace tobari::broker
