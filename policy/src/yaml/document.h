// SPDX-License-Identifier: GPL-3.0-or-later
// A bounded tree of a YAML text, with lines. Private to src/yaml.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tobari/policy/yaml_loader.h>

namespace tobari::policy {

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;
  std::string scalar;
  std::vector<YamlNode> items;  // of a list; of a map: key, value, key, value

  // The value of a map's key; null pointer when absent.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

// Collects findings up to kMaxFindings.
class Findings {
 public:
  void error(int line, std::string message) { add(Severity::kError, line, std::move(message)); }
  void warning(int line, std::string message) { add(Severity::kWarning, line, std::move(message)); }
  [[nodiscard]] bool has_error() const noexcept { return errors_ > 0; }
  [[nodiscard]] std::vector<Finding> take();  // sorted by line

 private:
  void add(Severity severity, int line, std::string message);
  std::vector<Finding> list_;
  std::size_t errors_ = 0, left_out_ = 0;
};

// What is malformed, too deep, too large or an alias is reported; the tree then holds what was good.
[[nodiscard]] YamlNode parse_yaml(std::string_view text, Findings& findings);

}  // namespace tobari::policy
