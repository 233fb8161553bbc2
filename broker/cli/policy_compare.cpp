// SPDX-License-Identifier: GPL-3.0-or-later
// `tobari policy test` and `tobari policy diff`: what a policy is expected to decide, and what a change of it changes.
#include <chrono>
#include <filesystem>
#include <print>

#include <tobari/policy/difference.h>
#include <tobari/policy/expectations.h>

#include "policy_tools.h"
#include "policy_words.h"

namespace tobari::cli {
namespace {

std::optional<policy::PolicySet> load(const std::string& file) {
  policy::Loaded loaded = policy::load_file(file);
  if (!loaded.policy) print_findings(loaded.findings, file);
  return std::move(loaded.policy);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "(everything denied)" : text;
}

std::string details(const policy::Decision& decision) {
  const std::string limits = words_of(decision.limits);
  const std::string require = words_of(decision.require);
  if (limits.empty() && require.empty()) return "without limits";
  return limits + (limits.empty() || require.empty() ? "" : "; ") + require;
}

void print_difference(const policy::Difference& difference) {
  using Kind = policy::Difference::Kind;
  const std::string in_case = difference.in_case.empty() ? "" : " (in the case of rule '" + difference.in_case + "')";
  if (!difference.rules_before.empty() || !difference.rules_after.empty()) {
    std::println("{}: {}: {} -> {}{}", difference.subject, difference.what, joined(difference.rules_before),
                 joined(difference.rules_after), in_case);
    return;
  }
  switch (difference.kind) {
    case Kind::kGained:
      std::println("{} gains {}: {}; {}{}", difference.subject, difference.what, difference.after.reason,
                   details(difference.after), in_case);
      return;
    case Kind::kLost:
      std::println("{} loses {}: {}{}", difference.subject, difference.what, difference.after.reason, in_case);
      return;
    case Kind::kChanged:
      std::println("{} keeps {}: {} -> {}{}", difference.subject, difference.what, details(difference.before),
                   details(difference.after), in_case);
      return;
  }
}

}  // namespace

int test_policy(const std::string& file, std::string tests) {
  if (tests.empty()) tests = std::filesystem::path(file).replace_extension(".tests.yaml").string();
  const auto policy = load(file);
  const policy::LoadedExpectations table = policy::load_expectations(tests);
  print_findings(table.findings, tests);
  if (!policy || table.expectations.empty()) return kUnusable;
  std::size_t failed = 0;
  for (const policy::Expectation& expectation : table.expectations) {
    const auto wrong = check_expectation(*policy, expectation);
    if (!wrong) continue;
    ++failed;
    std::println("{}:{}: '{}' {}", tests, expectation.line, expectation.name, *wrong);
  }
  std::println("{}: {} of {} decisions are as expected", tests, table.expectations.size() - failed,
               table.expectations.size());
  return failed == 0 ? kGood : kNo;
}

int diff_policies(const DiffOptions& options) {
  auto comparison =
      comparison_of(options.request, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  if (!comparison) {
    std::println(stderr, "{}", comparison.error());
    return kUnusable;
  }
  comparison->users = options.users;
  const auto before = load(options.before);
  const auto after = load(options.after);
  if (!before || !after) return kUnusable;
  const std::vector<policy::Difference> found = differences(*before, *after, *comparison);
  for (const policy::Difference& difference : found) print_difference(difference);
  if (found.empty()) std::println("no difference");
  return found.empty() ? kGood : kNo;
}

}  // namespace tobari::cli
