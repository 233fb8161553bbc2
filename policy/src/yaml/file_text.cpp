// SPDX-License-Identifier: GPL-3.0-or-later
#include "file_text.h"

#include <fstream>

namespace tobari::policy {

std::expected<void, Finding> check_size(std::string_view text) {
  if (text.size() <= kMaxPolicyBytes) return {};
  return std::unexpected(Finding{.message = "a file has at most 8 MiB; use groups to make it shorter"});
}

std::expected<std::string, Finding> read_file_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::unexpected(Finding{.message = "cannot be read; check that it exists and who may read it"});
  std::string text(kMaxPolicyBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (auto good = check_size(text); !good) return std::unexpected(std::move(good).error());
  return text;
}

}  // namespace tobari::policy
