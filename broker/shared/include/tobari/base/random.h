// SPDX-License-Identifier: GPL-3.0-or-later
// Secrets and identifiers from the kernel's generator, and their text forms.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari {

// getrandom(2); aborts when the kernel cannot give randomness, because nothing may go on without it.
void random_bytes(std::span<std::byte> out) noexcept;

[[nodiscard]] std::string random_uuid();
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

// 256 random bits as 43 characters of base64url without padding (RFC 4648 section 5): tickets and routing tokens.
[[nodiscard]] std::string random_token();

[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
[[nodiscard]] Result<std::vector<std::byte>> from_hex(std::string_view text);
[[nodiscard]] std::string to_base64url(std::span<const std::byte> bytes);
[[nodiscard]] Result<std::vector<std::byte>> from_base64url(std::string_view text);

// Time depends on the length of `a` only, not on where the two differ.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace tobari
