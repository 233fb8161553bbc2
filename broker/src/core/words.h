// SPDX-License-Identifier: GPL-3.0-or-later
// Short lists of words (labels) as one text with a blank between them, as they are stored.
#pragma once

#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace tobari::broker {

[[nodiscard]] inline std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (const auto part : std::views::split(text, ' ')) {
    if (!part.empty()) words.emplace_back(part.begin(), part.end());
  }
  return words;
}

[[nodiscard]] inline std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

}  // namespace tobari::broker
