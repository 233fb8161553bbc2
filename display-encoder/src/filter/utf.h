// SPDX-License-Identifier: GPL-3.0-or-later
// Text as Windows and as everybody else has it. Strict: what is cut in half or malformed is no text. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::display {

// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Little-endian UTF-16 up to the first NUL, or to the end. kPeerProtocol: an odd number of bytes, half a surrogate
// pair.
[[nodiscard]] Result<std::string> utf8_from_utf16(std::span<const std::byte> units);

// With its terminating NUL. `text`: is_utf8().
[[nodiscard]] std::vector<std::byte> utf16_from_utf8(std::string_view text);

}  // namespace tobari::display
