// SPDX-License-Identifier: GPL-3.0-or-later
// The commands of `tobari policy`, one function each: they print, and return the exit status.
#pragma once

#include <string>
#include <vector>

#include <tobari/policy/yaml_loader.h>

#include "policy_request.h"

namespace tobari::cli {

inline constexpr int kGood = 0;
inline constexpr int kNo = 1;
inline constexpr int kUnusable = 2;  // wrong arguments, or a file that is not good

void print_findings(const std::vector<policy::Finding>& findings, const std::string& file);

[[nodiscard]] int check_policy(const std::string& file);

struct ExplainOptions {
  std::string file, user, what;
  RequestOptions request;
};
[[nodiscard]] int explain_policy(const ExplainOptions& options);

// `tests`: empty means FILE with .tests.yaml instead of .yaml.
[[nodiscard]] int test_policy(const std::string& file, std::string tests);

struct DiffOptions {
  std::string before, after;
  std::vector<std::string> users;
  RequestOptions request;
};
[[nodiscard]] int diff_policies(const DiffOptions& options);

}  // namespace tobari::cli
