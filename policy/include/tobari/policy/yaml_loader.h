// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a policy file (docs/POLICY.md is the language, policy/sample.yaml shows it, policy/schema.json is for editors).
// Finds every error at once, each with its line and with what to write instead. A file with an error gives no policy at
// all. Time zones are looked up in this machine's table when the file is read.
//
// Limits: 8 MiB, 100,000 rules, 8 levels, 2,000,000 values, one document; anchors, aliases and tags are refused.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {

inline constexpr std::size_t kMaxPolicyBytes = std::size_t{8} << 20;
inline constexpr std::size_t kMaxRules = 100'000;  // of all kinds together
inline constexpr std::size_t kMaxYamlDepth = 8;
inline constexpr std::size_t kMaxYamlValues = 2'000'000;
inline constexpr std::size_t kMaxNameLength = 128;
inline constexpr std::size_t kMaxGroupDepth = 16;  // groups within groups
inline constexpr std::size_t kMaxNotices = 16;     // different ones in a file: a session may owe them all
inline constexpr std::size_t kMaxNoticeLength = 500;
inline constexpr std::size_t kMaxCalendarDays = 10'000;
inline constexpr std::size_t kMaxFindings = 100;  // further errors are only counted

enum class Severity : std::uint8_t { kWarning, kError };

struct Finding {
  Severity severity = Severity::kError;
  int line = 0;         // from 1; 0: the file as a whole
  std::string message;  // what is wrong; what to write instead
};

struct Loaded {
  std::optional<PolicySet> policy;  // empty when any finding is an error
  std::vector<Finding> findings;    // by line
};

[[nodiscard]] Loaded load_text(std::string_view yaml);
[[nodiscard]] Loaded load_file(const std::filesystem::path& file);

// "desk.yaml:7: error: unknown channel 'clipbord'; …"
[[nodiscard]] std::string describe(const Finding& finding, std::string_view file);

// Every key that the language has, by the kind of map that it stands in.
struct KeyTable {
  std::string_view section;
  std::span<const std::string_view> keys;
};
[[nodiscard]] std::span<const KeyTable> policy_keys();

}  // namespace tobari::policy
