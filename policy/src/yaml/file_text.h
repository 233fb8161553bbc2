// SPDX-License-Identifier: GPL-3.0-or-later
// The text of a file, as long as it is not too long. Private to src/yaml.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include <tobari/policy/yaml_loader.h>

namespace tobari::policy {

// An error, as a finding about the whole file, when it is longer than kMaxPolicyBytes or cannot be read.
[[nodiscard]] std::expected<std::string, Finding> read_file_text(const std::filesystem::path& file);
[[nodiscard]] std::expected<void, Finding> check_size(std::string_view text);

}  // namespace tobari::policy
