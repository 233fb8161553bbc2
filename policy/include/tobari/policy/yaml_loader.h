// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a policy file (policy/sample.yaml shows and explains the language). Finds every error at once, each with its
// line and with what to write instead. A file with an error gives no policy at all.
//
// Limits: 1 MiB, 10,000 rules, 8 levels, 100,000 values, one document; anchors, aliases and tags are refused.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {

inline constexpr std::size_t kMaxPolicyBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxRules = 10'000;
inline constexpr std::size_t kMaxYamlDepth = 8;
inline constexpr std::size_t kMaxYamlValues = 100'000;
inline constexpr std::size_t kMaxNameLength = 128;
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

}  // namespace tobari::policy
