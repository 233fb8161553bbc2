// SPDX-License-Identifier: GPL-3.0-or-later
// What every section of a policy file is read with. A reader goes on after an error, so that all of them are found.
// Private to src/yaml.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "document.h"

namespace tobari::policy {

// For messages: cut where it is long, without control characters.
[[nodiscard]] std::string in_quotes(std::string_view text);
[[nodiscard]] std::string joined(std::span<const std::string_view> words);
// 1 to kMaxNameLength characters, none of them a control character.
[[nodiscard]] bool is_good_name(std::string_view text);
// A whole number of decimal digits only.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

class Reader {
 public:
  using Kind = YamlNode::Kind;

  explicit Reader(Findings& findings) : findings_(findings) {}
  void error(int line, std::string message) { findings_.error(line, std::move(message)); }
  void warning(int line, std::string message) { findings_.warning(line, std::move(message)); }

  // True when `node` is a map that states something; its keys are then checked against the table of `section`
  // (policy_keys()). `where` is for people: "rule 'x'". An unknown key would silently widen a rule.
  [[nodiscard]] bool is_section(const YamlNode& node, std::string_view section, const std::string& where);

  // A single word is a list of one. An empty list would mean "nobody" to a reader and "everybody" to decide().
  template <class Use>
  void each_text(const YamlNode& node, const std::string& what, const Use& use) {
    if (node.kind == Kind::kScalar) return use(node.line, node.scalar);
    if (node.kind != Kind::kList || node.items.empty()) {
      return error(node.line, what + " is empty; write a list like [a, b], or leave the key out");
    }
    for (const YamlNode& item : node.items) {
      if (item.kind == Kind::kScalar) {
        use(item.line, item.scalar);
      } else {
        error(item.line, what + " holds something that is not a word; write [a, b]");
      }
    }
  }
  // The same of maps.
  template <class Use>
  void each_map(const YamlNode& node, std::string_view section, const std::string& what, const Use& use) {
    if (node.kind != Kind::kList || node.items.empty()) {
      return error(node.line, what + " is a list of '- {" + keys_of(section) + "}'; write one, or leave the key out");
    }
    for (const YamlNode& item : node.items) {
      if (is_section(item, section, what)) use(item);
    }
  }

  [[nodiscard]] std::vector<std::string> names(const YamlNode& node, const std::string& what);
  // A word; an error and nothing when it is none. `example`: what to write instead.
  [[nodiscard]] std::optional<std::string> word(const YamlNode& node, const std::string& what,
                                                std::string_view example);
  // A number of min .. max.
  [[nodiscard]] std::optional<std::uint64_t> number(const YamlNode& node, const std::string& what, std::uint64_t min,
                                                    std::uint64_t max);

 private:
  [[nodiscard]] static std::string keys_of(std::string_view section);
  Findings& findings_;
};

}  // namespace tobari::policy
