// SPDX-License-Identifier: GPL-3.0-or-later
#include "reader.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "keys.h"

namespace tobari::policy {

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) out += c >= 0x20 && c != 0x7f ? c : '?';
  if (text.size() > kShown) out += "...";
  return out + "'";
}

std::string joined(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

bool is_good_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string Reader::keys_of(std::string_view section) { return joined(keys_in(section)); }

bool Reader::is_section(const YamlNode& node, std::string_view section, const std::string& where) {
  if (node.kind != Kind::kMap || node.items.empty()) {
    error(node.line, where + " is empty or no map; known keys are " + keys_of(section));
    return false;
  }
  const auto known = keys_in(section);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const YamlNode& key = node.items[i];
    if (key.kind != Kind::kScalar || std::ranges::find(known, key.scalar) == known.end()) {
      error(key.line, "unknown key " + in_quotes(key.scalar) + " in " + where + "; known are " + joined(known));
    } else if (!seen.insert(key.scalar).second) {
      error(key.line, "key " + in_quotes(key.scalar) + " stands twice in " + where + "; keep one");
    }
  }
  return true;
}

std::vector<std::string> Reader::names(const YamlNode& node, const std::string& what) {
  std::vector<std::string> out;
  each_text(node, what, [&](int line, const std::string& text) {
    if (!is_good_name(text)) error(line, "a name in " + what + " has 1 to 128 characters");
    out.push_back(text);
  });
  return out;
}

std::optional<std::string> Reader::word(const YamlNode& node, const std::string& what, std::string_view example) {
  if (node.kind == Kind::kScalar && is_good_name(node.scalar)) return node.scalar;
  error(node.line, what + " is one word; write " + in_quotes(example));
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::number(const YamlNode& node, const std::string& what, std::uint64_t min,
                                            std::uint64_t max) {
  const auto value = node.kind == Kind::kScalar ? parse_number(node.scalar) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  error(node.line, what + " is a number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

}  // namespace tobari::policy
