// SPDX-License-Identifier: GPL-3.0-or-later
// Errors as RFC 9457 problems. One table says which Errc is which status; handlers never choose one themselves.
#pragma once

#include <chrono>
#include <expected>
#include <string>

#include <tobari/base/result.h>

#include "http/message.h"

namespace tobari::broker {

struct ApiError {
  // From any Error, so that TOBARI_TRY works in handlers.
  ApiError(Error e) : error(std::move(e)) {}
  ApiError(Error e, std::string stable_code, std::chrono::seconds wait = std::chrono::seconds(0))
      : error(std::move(e)), code(std::move(stable_code)), retry_after(wait) {}

  Error error;
  std::string code;                     // stable word for programs; empty: the table's
  std::chrono::seconds retry_after{0};  // 0: not said
};

using Answer = std::expected<Response, ApiError>;

// When to try again what nobody said more about: the database, as a rule, which is back a few seconds after it is back.
inline constexpr std::chrono::seconds kUnavailableRetry{3};

[[nodiscard]] int http_status(Errc code) noexcept;

// What of an error is ours alone (kInternal, kIo other than the disk being full) is logged and not told.
[[nodiscard]] Response to_response(const ApiError& error);

// A problem that arises before there is a request to speak of (too large, malformed).
[[nodiscard]] Response plain_problem(int status, std::string code, std::string detail);

}  // namespace tobari::broker
