// SPDX-License-Identifier: GPL-3.0-or-later
// What an HTTP error means to a person, and what to do next. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "model/failure.h"
#include "model/messages.h"

namespace tobari::client {

enum class Request : std::uint8_t { kLogin, kDesktops, kConnect, kThumbnail, kLogout };

inline constexpr std::chrono::seconds kDefaultRetryAfter{2};
inline constexpr std::chrono::seconds kMaxRetryAfter{60};

// `retry_after_header` as it came, empty when there was none.
[[nodiscard]] Failure failure_of(Request request, int status, const std::optional<Problem>& problem,
                                 const QByteArray& retry_after_header);

}  // namespace tobari::client
