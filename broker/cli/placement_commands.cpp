// SPDX-License-Identifier: GPL-3.0-or-later
// tobari placement …
#include <format>
#include <memory>
#include <print>
#include <string>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "output.h"

namespace tobari::cli {
namespace {

Result<void> explain_placement(const Context& context, const std::string& pool, const std::string& user) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(Json answer, portal.call("GET", "/placement?pool=" + pool + (user.empty() ? "" : "&user=" + user)));
  if (context.json) {
    std::println("{}", answer.dump(2));
    return {};
  }
  std::println("pool {}: {}", answer.value("pool", ""), answer.value("next", ""));
  const std::string host = answer.value("host", "");
  std::println("{}", host.empty() ? "no host takes a new one" : "a new one goes to " + host);
  Json rows = Json::array();
  const Json hosts = answer.value("hosts", Json::array());
  for (const Json& each : hosts) {
    const char* takes = each.value("chosen", false) ? "first" : each.value("possible", false) ? "yes" : "no";
    Json row{{"host", each.value("host", "")}, {"takes", takes}, {"why", each.value("why", "")}};
    if (each.contains("score")) row["score"] = std::format("{:.2f}", each.value("score", 0.0));
    rows.push_back(std::move(row));
  }
  std::print("{}", table(rows, {{"HOST", "host"}, {"TAKES", "takes"}, {"SCORE", "score"}, {"WHY", "why"}}));
  return {};
}

}  // namespace

void add_placement_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("placement", "where new desktops go: explain");
  group->require_subcommand(1);
  auto pool = std::make_shared<std::string>();
  auto user = std::make_shared<std::string>();
  CLI::App* command = group->add_subcommand("explain", "which host takes the next desktop of a pool, and why no other");
  command->add_option("pool", *pool, "its name")->required();
  command->add_option("--user", *user, "for whom: where the user has desktops is better");
  command->callback([pool, user, &context] {
    context.run = [pool, user, &context] { return explain_placement(context, *pool, *user); };
  });
}

}  // namespace tobari::cli
