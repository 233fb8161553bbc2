// SPDX-License-Identifier: GPL-3.0-or-later
// The fence around SOCI: it throws, we do not.
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include <tobari/base/result.h>

namespace tobari::broker {

// The failure that is being handled, to be called inside a catch block only.
[[nodiscard]] std::unexpected<Error> sql_failure(std::string_view doing_what, const std::exception& e);

template <class Body>
auto sql_guard(std::string_view doing_what, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    return sql_failure(doing_what, e);
  }
}

}  // namespace tobari::broker
