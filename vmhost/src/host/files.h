// SPDX-License-Identifier: GPL-3.0-or-later
// Small files that must survive a power cut, and digests of large ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::vmhost {

// Old content or new content, never a mixture; durable on return. Mode 0600.
[[nodiscard]] Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content);
// kNotFound when there is none, kExhausted when it is larger than `max_bytes`.
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t max_bytes);

[[nodiscard]] std::string sha256(std::string_view bytes);  // 32 bytes, not text
// `go_on` is asked after every megabyte; its error ends it and is the result.
using GoOn = std::function<Result<void>()>;
[[nodiscard]] Result<std::string> sha256_hex_of_file(const std::filesystem::path& path, const GoOn& go_on = {});
// kInvalidArgument: the file ends before.
[[nodiscard]] Result<std::string> sha256_hex_of_part(const std::filesystem::path& path, std::uint64_t at,
                                                     std::uint64_t bytes, const GoOn& go_on = {});

}  // namespace tobari::vmhost
