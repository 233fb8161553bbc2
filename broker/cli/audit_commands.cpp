// SPDX-License-Identifier: GPL-3.0-or-later
// tobari audit list, verify
#include <format>
#include <memory>
#include <print>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "core/audit_chain.h"
#include "core/names.h"
#include "output.h"

namespace tobari::cli {
namespace {

// Calls `page` with every page of records after `from`.
Result<void> for_each_page(Portal& portal, std::uint64_t from, const std::function<Result<void>(const Json&)>& page) {
  for (;;) {
    TOBARI_ASSIGN(const Json answer, portal.call("GET", std::format("/audit?after={}", from)));
    const Json records = answer.value("records", Json::array());
    if (records.empty()) return {};
    TOBARI_TRY(page(records));
    const auto last = records.back().value("sequence", std::uint64_t{0});
    if (last <= from) return fail(Errc::kPeerProtocol, "the broker's answer does not go on");
    from = last;
  }
}

Result<void> list(const Context& context, std::uint64_t after) {
  TOBARI_ASSIGN(Portal portal, context.open());
  Json all = Json::array();
  const auto done = for_each_page(portal, after, [&all](const Json& records) -> Result<void> {
    all.insert(all.end(), records.begin(), records.end());
    return {};
  });
  TOBARI_TRY(done);
  print_list({{"records", all}}, "records",
             {{"NO", "sequence"},
              {"TIME", "time"},
              {"WHO", "actor"},
              {"WHAT", "action"},
              {"OUTCOME", "outcome"},
              {"OBJECT", "object"},
              {"FROM", "client_address"},
              {"DETAIL", "detail"}},
             context.json);
  return {};
}

// The text that the hash is over, made here from what was sent: the broker's own word counts for nothing.
std::string canonical_text_of(const Json& record) {
  nlohmann::json sorted = nlohmann::json::object();
  for (const char* member :
       {"sequence", "time", "actor", "action", "object", "client_address", "outcome", "rule", "detail", "previous"}) {
    sorted[member] = record.contains(member) ? nlohmann::json(record.at(member)) : nlohmann::json();
  }
  return sorted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<void> verify(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  broker::ChainHead head;
  const auto done = for_each_page(portal, 0, [&head](const Json& records) -> Result<void> {
    for (const Json& record : records) {
      TOBARI_TRY(broker::verify_link(canonical_text_of(record), record.value("sequence", std::uint64_t{0}),
                                     record.value("previous", ""), record.value("hash", ""), head));
    }
    return {};
  });
  TOBARI_TRY(done);
  if (context.json) {
    std::println("{}", Json{{"records", head.sequence}, {"head", head.hash}}.dump(2));
  } else {
    std::println("{} records, the chain is whole; its head is {}", head.sequence, head.hash);
  }
  return {};
}

}  // namespace

void add_audit_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("audit", "what was done: list, verify");
  group->require_subcommand(1);
  auto after = std::make_shared<std::uint64_t>(0);
  CLI::App* show = group->add_subcommand("list", "the records in order");
  show->add_option("--after", *after, "only those after this number");
  show->callback([after, &context] { context.run = [after, &context] { return list(context, *after); }; });
  group->add_subcommand("verify", "check every hash; keep the head elsewhere to notice a cut tail")
      ->callback([&context] { context.run = [&context] { return verify(context); }; });
}

}  // namespace tobari::cli
