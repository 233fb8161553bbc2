// SPDX-License-Identifier: GPL-3.0-or-later
// Texts that every database can keep: UTF-8 without a zero byte. Pure.
#pragma once

#include <string>
#include <string_view>

namespace tobari::broker {

[[nodiscard]] bool is_storable(std::string_view text) noexcept;

// The text with U+FFFD in place of each byte that could not be kept.
[[nodiscard]] std::string made_storable(std::string_view text);

}  // namespace tobari::broker
