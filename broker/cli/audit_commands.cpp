// SPDX-License-Identifier: GPL-3.0-or-later
// tobari audit list, export, head, verify
#include <charconv>
#include <chrono>
#include <cstdio>
#include <format>
#include <memory>
#include <optional>
#include <poll.h>
#include <print>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "audit_check.h"
#include "audit_lines.h"
#include "audit_source.h"
#include "commands.h"
#include "daemon/files.h"
#include "output.h"

namespace tobari::cli {
namespace {

constexpr std::chrono::seconds kFollowEvery{1};

Result<void> list(const Context& context, std::uint64_t after) {
  TOBARI_ASSIGN(Portal portal, context.open());
  Json all = Json::array();
  TOBARI_TRY(records_of_broker(portal, after, [&all](const Json& record) -> Result<void> {
    all.push_back(record);
    return {};
  }));
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

struct ExportOptions {
  std::string format = "json";
  std::uint64_t after = 0;
  std::string state;  // file; empty: none
  bool follow = false;
};

Result<std::uint64_t> kept_position(const ExportOptions& options) {
  if (options.state.empty()) return options.after;
  const auto text = broker::read_small_file(options.state);
  if (!text.has_value()) {
    return text.error().code == Errc::kNotFound ? Result<std::uint64_t>(options.after) : std::unexpected(text.error());
  }
  std::uint64_t position = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), position).ec != std::errc()) {
    return fail(Errc::kInvalidArgument, std::format("{} holds no number of a record", options.state));
  }
  return position;
}

std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "-";
  return name.c_str();
}

bool reader_left_within(std::chrono::milliseconds time) {
  pollfd out{STDOUT_FILENO, 0, 0};  // its end is told without being asked for
  return ::poll(&out, 1, static_cast<int>(time.count())) > 0;
}

// The audit is pulled: whoever takes the lines may hang for as long as it likes, and the broker does not wait.
Result<void> export_records(const Context& context, const ExportOptions& options) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(std::uint64_t position, kept_position(options));
  const std::string host = host_name();
  const auto print = [&options, &host](const Json& record) -> Result<void> {
    const std::string line = (options.format == "syslog" ? syslog_line(record, host) : json_line(record)) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size()) return {};
    return fail_errno(errno, "write the records");
  };
  for (;;) {
    TOBARI_ASSIGN(const std::uint64_t last, records_of_broker(portal, position, print));
    if (std::fflush(stdout) != 0) return fail_errno(errno, "write the records");
    // Only after they were written: a record may come twice, and never not at all.
    if (last != position && !options.state.empty()) {
      TOBARI_TRY(broker::write_small_file(options.state, std::to_string(last) + "\n", 0600));
    }
    position = last;
    if (!options.follow) return {};
    if (reader_left_within(kFollowEvery)) return {};
  }
}

Result<void> head(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/audit/head"));
  std::println("{}", answer.dump(2));
  return {};
}

struct VerifyOptions {
  std::string file;                // empty: the broker's own
  std::vector<std::string> heads;  // files
  std::string key;
};

Result<AuditCheck> begin_check(const VerifyOptions& options, Portal* portal) {
  std::vector<broker::SignedHead> heads;
  for (const std::string& file : options.heads) {
    TOBARI_ASSIGN(const Json json, read_json_file(file));
    TOBARI_ASSIGN(const broker::SignedHead kept, parse_head(json));
    heads.push_back(kept);
  }
  if (portal != nullptr) {
    TOBARI_ASSIGN(const Json json, portal->call("GET", "/audit/head"));
    TOBARI_ASSIGN(const broker::SignedHead now, parse_head(json));
    heads.push_back(now);
  }
  return AuditCheck::create(std::move(heads), options.key);
}

Result<void> verify(const Context& context, const VerifyOptions& options) {
  std::optional<Portal> portal;
  if (options.file.empty()) {
    TOBARI_ASSIGN(portal, context.open());
  }
  TOBARI_ASSIGN(AuditCheck check, begin_check(options, portal ? &*portal : nullptr));
  const auto each = [&check](const Json& record) { return check.record(record); };
  if (portal) {
    TOBARI_TRY(records_of_broker(*portal, 0, each));
  } else {
    TOBARI_TRY(records_of_file(options.file, each));
  }
  TOBARI_TRY(check.finish());
  if (context.json) {
    std::println(
        "{}",
        Json{{"records", check.head().sequence}, {"head", check.head().hash}, {"signed_heads", options.heads.size()}}
            .dump(2));
  } else {
    std::println("{} records, the chain is whole; its head is {}", check.head().sequence, check.head().hash);
    if (options.heads.empty()) {
      std::println("No head that was kept elsewhere was compared (--head): the end may have been cut off before.");
    }
  }
  return {};
}

void add_export(CLI::App& group, Context& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = group.add_subcommand("export", "print every record as a line, for other programs");
  command->add_option("--format", options->format, "json (one object a line) or syslog (RFC 5424)")
      ->check(CLI::IsMember({"json", "syslog"}));
  command->add_option("--after", options->after, "only those after this number");
  command->add_flag("--follow", options->follow, "go on with what is added, until stopped");
  command->add_option("--state", options->state, "file that keeps how far it came: the next export goes on from there");
  command->callback(
      [options, &context] { context.run = [options, &context] { return export_records(context, *options); }; });
}

void add_verify(CLI::App& group, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = group.add_subcommand("verify", "compute every hash again and compare with signed heads");
  command->add_option("--file", options->file, "an export (json) instead of what the broker has now");
  command->add_option("--head", options->heads, "file with a signed head that was kept; may be repeated");
  command->add_option("--key", options->key, "the broker's key, 64 hexadecimal digits; without it the first head's");
  command->callback([options, &context] { context.run = [options, &context] { return verify(context, *options); }; });
}

}  // namespace

void add_audit_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("audit", "what was done: list, export, head, verify");
  group->require_subcommand(1);
  auto after = std::make_shared<std::uint64_t>(0);
  CLI::App* show = group->add_subcommand("list", "the records in order");
  show->add_option("--after", *after, "only those after this number");
  show->callback([after, &context] { context.run = [after, &context] { return list(context, *after); }; });
  add_export(*group, context);
  group->add_subcommand("head", "the signed head of now; keep it elsewhere for a later verify")->callback([&context] {
    context.run = [&context] { return head(context); };
  });
  add_verify(*group, context);
}

}  // namespace tobari::cli
