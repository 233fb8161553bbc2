// SPDX-License-Identifier: GPL-3.0-or-later
// tobari policy pending, propose, approve, withdraw: changes that two people make. Both give the file that they mean,
// each his own copy: what is sent is its hash, so nobody approves what he has not got.
#include <format>
#include <fstream>
#include <iterator>
#include <memory>
#include <print>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "core/sha256.h"
#include "output.h"

namespace tobari::cli {
namespace {

constexpr std::size_t kHashDigits = 64;

bool is_hash(const std::string& text) {
  return text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<std::string> hash_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Errc::kNotFound, file + " cannot be read");
  return broker::sha256_hex(std::string(std::istreambuf_iterator<char>(in), {}));
}

Result<void> pending(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/policy"));
  if (!context.json) {
    const bool two = answer.value("changes", "") == "two_people";
    std::println(stderr, "{}", two ? "in force: " + answer.value("approved", "") : "changes need one person only");
  }
  print_list(answer, "proposals", {{"SHA-256", "sha256"}, {"BY", "proposed_by"}, {"AT", "proposed_at"}}, context.json);
  return {};
}

Result<void> propose(const Context& context, const std::string& file) {
  TOBARI_ASSIGN(const std::string hash, hash_of(file));
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_TRY(portal.call("POST", "/policy/proposals", {{"sha256", hash}}));
  std::println("{} waits for another administrator: tobari policy approve FILE", hash);
  return {};
}

Result<void> approve(const Context& context, const std::string& file) {
  TOBARI_ASSIGN(const std::string hash, hash_of(file));
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_TRY(portal.call("POST", std::format("/policy/proposals/{}/approve", hash)));
  std::println("{} is in force", hash);
  return {};
}

Result<void> withdraw(const Context& context, const std::string& what) {
  std::string hash = what;
  if (!is_hash(what)) {
    TOBARI_ASSIGN(hash, hash_of(what));
  }
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_TRY(portal.call("DELETE", "/policy/proposals/" + hash));
  return {};
}

void add(CLI::App& group, Context& context, const char* name, const char* says, const char* argument,
         Result<void> (*run)(const Context&, const std::string&)) {
  CLI::App* command = group.add_subcommand(name, says);
  const auto what = std::make_shared<std::string>();
  command->add_option(argument, *what, "the policy file that is meant")->required();
  command->callback([what, run, &context] { context.run = [what, run, &context] { return run(context, *what); }; });
}

}  // namespace

void add_policy_change_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.get_subcommand("policy");
  group->add_subcommand("pending", "what is in force, and what waits for a second person")->callback([&context] {
    context.run = [&context] { return pending(context); };
  });
  add(*group, context, "propose", "a new policy, which lies on the broker already", "FILE", propose);
  add(*group, context, "approve", "what another administrator proposed; it is in force at once", "FILE", approve);
  add(*group, context, "withdraw", "a proposal", "FILE-OR-HASH", withdraw);
}

}  // namespace tobari::cli
