// SPDX-License-Identifier: GPL-3.0-or-later
// The number that an invisible mark carries: the first 64 bits of the session's id, which are the first 16 digits of
// its text form. So a number that was read is looked up as the beginning of a session's id, in the audit for example.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tobari::watermark {

// None: the text is no UUID (RFC 9562, lower case).
[[nodiscard]] std::optional<std::uint64_t> mark_number_of(std::string_view session_id);

// As a session's id begins: "01234567-89ab-4cde".
[[nodiscard]] std::string session_prefix(std::uint64_t number);

}  // namespace tobari::watermark
