// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy_commands.h"

#include <algorithm>
#include <memory>
#include <print>
#include <string>

#include <CLI/CLI.hpp>

#include "policy_tools.h"

namespace tobari::cli {
namespace {

using policy::Severity;

void add_check(CLI::App& policy, int& exit_code) {
  CLI::App* command = policy.add_subcommand("check", "say what is wrong with a policy file, line by line");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "policy file")->required();
  command->callback([file, &exit_code] { exit_code = check_policy(*file); });
}

void add_explain(CLI::App& policy, int& exit_code) {
  CLI::App* command = policy.add_subcommand("explain", "say what a policy file decides, and which rule decided");
  const auto options = std::make_shared<ExplainOptions>();
  command->add_option("--file", options->file, "policy file")->required();
  command->add_option("--user", options->user, "user name")->required();
  command->add_option("--what", options->what, "one channel; the exit status then says whether it is allowed");
  command->add_option("--usb", options->request.usb, "a device, as VENDOR:PRODUCT[:SERIAL]/CLASS[,CLASS...]");
  add_request_options(*command, options->request);
  command->footer("What is left out is not known: rules that ask for it then deny but do not allow.");
  command->callback([options, &exit_code] { exit_code = explain_policy(*options); });
}

void add_test(CLI::App& policy, int& exit_code) {
  CLI::App* command = policy.add_subcommand("test", "hold a policy file against a table of expected decisions");
  const auto file = std::make_shared<std::string>();
  const auto tests = std::make_shared<std::string>();
  command->add_option("FILE", *file, "policy file")->required();
  command->add_option("TESTS", *tests, "the table; default: FILE with .tests.yaml instead of .yaml");
  command->callback([file, tests, &exit_code] { exit_code = test_policy(*file, *tests); });
}

void add_diff(CLI::App& policy, int& exit_code) {
  CLI::App* command = policy.add_subcommand("diff", "say who gains and loses what between two policy files");
  const auto options = std::make_shared<DiffOptions>();
  command->add_option("BEFORE", options->before, "policy file")->required();
  command->add_option("AFTER", options->after, "policy file")->required();
  command->add_option("--users", options->users, "these users only; default: all that the files name")->delimiter(',');
  add_request_options(*command, options->request);
  command->footer("An option that is given holds in every case that is compared.");
  command->callback([options, &exit_code] { exit_code = diff_policies(*options); });
}

}  // namespace

void print_findings(const std::vector<policy::Finding>& findings, const std::string& file) {
  for (const policy::Finding& finding : findings) std::println(stderr, "{}", describe(finding, file));
}

int check_policy(const std::string& file) {
  const policy::Loaded loaded = policy::load_file(file);
  print_findings(loaded.findings, file);
  const auto errors = std::ranges::count(loaded.findings, Severity::kError, &policy::Finding::severity);
  const auto warnings = std::ssize(loaded.findings) - errors;
  if (!loaded.policy) {
    std::println("{}: {} errors, {} warnings: not usable", file, errors, warnings);
    return kNo;
  }
  std::println("{}: good: {} rules, {} groups, {} warnings", file, loaded.policy->rules().size(),
               loaded.policy->groups().size(), warnings);
  return kGood;
}

void add_policy_commands(CLI::App& app, int& exit_code) {
  CLI::App* policy = app.add_subcommand("policy", "policy files: what they say; changes that two people make");
  policy->require_subcommand(1);
  add_check(*policy, exit_code);
  add_explain(*policy, exit_code);
  add_test(*policy, exit_code);
  add_diff(*policy, exit_code);
}

}  // namespace tobari::cli
