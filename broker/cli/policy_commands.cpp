// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy_commands.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <print>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <tobari/policy/yaml_loader.h>

namespace tobari::cli {
namespace {

using policy::Loaded;
using policy::Severity;

constexpr int kGood = 0;
constexpr int kNo = 1;
constexpr int kBadArguments = 2;

struct ExplainOptions {
  std::string file, user, pool, network, what;
  std::vector<std::string> groups;
};

void print_findings(const Loaded& loaded, const std::string& file) {
  for (const policy::Finding& finding : loaded.findings) std::println(stderr, "{}", describe(finding, file));
}

int check(const std::string& file) {
  const Loaded loaded = policy::load_file(file);
  print_findings(loaded, file);
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

void print_decision(const std::string& file, const policy::Channel& channel, const policy::Decision& decision) {
  const std::string where = decision.line > 0 ? " (" + file + ":" + std::to_string(decision.line) + ")" : "";
  const char* closed = decision.allowed && !channel.available ? "; closed all the same: not in this version yet" : "";
  std::println("{:<21} {:<7} {}{}{}", channel.name, decision.allowed ? "allowed" : "denied", decision.reason, where,
               closed);
}

int explain(const ExplainOptions& options) {
  policy::Request request{
      .user = options.user, .groups = options.groups, .pool = options.pool, .desktop_id = {}, .address = {}};
  if (!options.network.empty()) {
    request.address = policy::IpAddress::parse(options.network);
    if (!request.address) {
      std::println(stderr, "--network takes an IP address, not '{}'", options.network);
      return kBadArguments;
    }
  }
  if (!options.what.empty() && !policy::find_channel(options.what)) {
    std::println(stderr, "there is no channel '{}'; leave --what out to see them all", options.what);
    return kBadArguments;
  }
  const Loaded loaded = policy::load_file(options.file);
  if (!loaded.policy) {
    print_findings(loaded, options.file);
    return kBadArguments;
  }
  bool all_allowed = true;
  for (const policy::Channel& channel : policy::kChannels) {
    if (!options.what.empty() && channel.name != options.what) continue;
    const policy::Decision decision = decide(*loaded.policy, request, channel.name);
    print_decision(options.file, channel, decision);
    all_allowed = all_allowed && decision.allowed;
  }
  return options.what.empty() || all_allowed ? kGood : kNo;
}

void add_check(CLI::App& policy, int& exit_code) {
  CLI::App* command = policy.add_subcommand("check", "say what is wrong with a policy file, line by line");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "policy file")->required();
  command->callback([file, &exit_code] { exit_code = check(*file); });
}

void add_explain(CLI::App& policy, int& exit_code) {
  CLI::App* command = policy.add_subcommand("explain", "say what a policy file decides, and which rule decided");
  const auto options = std::make_shared<ExplainOptions>();
  command->add_option("--file", options->file, "policy file")->required();
  command->add_option("--user", options->user, "user name")->required();
  command->add_option("--group", options->groups, "a group that a directory would name; may be repeated");
  command->add_option("--pool", options->pool, "pool of the desktop");
  command->add_option("--network", options->network, "the client's IP address; without it, network rules only deny");
  command->add_option("--what", options->what, "one channel; the exit status then says whether it is allowed");
  command->callback([options, &exit_code] { exit_code = explain(*options); });
}

}  // namespace

void add_policy_commands(CLI::App& app, int& exit_code) {
  CLI::App* policy = app.add_subcommand("policy", "read policy files");
  policy->require_subcommand(1);
  add_check(*policy, exit_code);
  add_explain(*policy, exit_code);
}

}  // namespace tobari::cli
