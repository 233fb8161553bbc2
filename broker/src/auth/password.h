// SPDX-License-Identifier: GPL-3.0-or-later
// argon2id (RFC 9106) through libsodium. Slow on purpose: call on a worker, never on an event loop.
#pragma once

#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::broker {

inline constexpr std::size_t kMinPasswordCharacters = 8;
inline constexpr std::size_t kMaxPasswordBytes = 256;

// 19 MiB and two passes, the least that OWASP's Password Storage Cheat Sheet names for argon2id: at nine in the morning
// a broker spends most of its processor on this.
inline constexpr unsigned long long kPasswordPasses = 2;
inline constexpr std::size_t kPasswordMemoryBytes = std::size_t{19} * 1024 * 1024;

// The text form carries its own parameters, so that these can be raised later.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);
[[nodiscard]] bool verify_password(const std::string& hash, std::string_view password) noexcept;

}  // namespace tobari::broker
