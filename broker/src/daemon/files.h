// SPDX-License-Identifier: GPL-3.0-or-later
// Small files of the state directory: whole or not at all, and nobody else's business.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

#include <tobari/base/result.h>

namespace tobari::broker {

inline constexpr std::size_t kMaxSmallFileBytes = std::size_t{64} * 1024;

// At most 64 KiB.
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& file);
// The same, of a private key: refused when everybody on this machine may read or change it.
[[nodiscard]] Result<std::string> read_key_file(const std::filesystem::path& file);
// Written beside, synced and moved into place.
[[nodiscard]] Result<void> write_small_file(const std::filesystem::path& file, std::string_view content, mode_t mode);

}  // namespace tobari::broker
