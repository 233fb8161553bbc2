// SPDX-License-Identifier: GPL-3.0-or-later
// The little XML that a stranger's description of a machine needs, one step after the other: elements, attributes,
// text. No document types, no entities of one's own, no recursion; every size has a maximum. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::vmhost {

inline constexpr std::size_t kMaxXmlBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxXmlDepth = 32;
inline constexpr std::size_t kMaxXmlAttributes = 64;
inline constexpr std::size_t kMaxXmlSteps = 100'000;

struct XmlStep {
  enum class Kind { kBegin, kEnd, kText };
  Kind kind = Kind::kText;
  std::string name;                                               // without its prefix; of a text empty
  std::vector<std::pair<std::string, std::string>> attributes{};  // likewise
  std::string text{};

  // Empty when there is none.
  [[nodiscard]] std::string attribute(std::string_view wanted) const;
};

class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : left_(text), whole_(text.size()) {}

  // Nothing: it is over, and every element was closed. kInvalidArgument: malformed, or beyond a maximum.
  [[nodiscard]] Result<std::optional<XmlStep>> next();

 private:
  [[nodiscard]] Result<bool> skip_what_says_nothing();
  [[nodiscard]] Result<XmlStep> begin_element();
  [[nodiscard]] Result<XmlStep> end_element();
  [[nodiscard]] Result<XmlStep> text();
  [[nodiscard]] Result<void> attribute_into(XmlStep& step);
  void skip_blanks() noexcept;
  [[nodiscard]] std::string_view name();

  std::string_view left_;
  std::size_t whole_;
  std::size_t steps_ = 0;
  std::vector<std::string> open_;
  bool closed_at_once_ = false;  // <a/>: its end comes next
};

}  // namespace tobari::vmhost
