// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace tobari::broker {

[[nodiscard]] std::array<std::byte, 32> sha256(std::string_view text) noexcept;
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace tobari::broker
