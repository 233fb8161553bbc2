// SPDX-License-Identifier: GPL-3.0-or-later
// tobari users …, hosts …, sessions …
#include <format>
#include <memory>
#include <print>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <tobari/base/random.h>

#include "commands.h"
#include "output.h"

namespace tobari::cli {
namespace {

struct Names {
  std::string name;
  std::string password_file;
  std::string role;
};

// GET `path` and show `member` of the answer.
void add_list(CLI::App& group, Context& context, const char* path, const char* member, std::vector<Column> columns) {
  group.add_subcommand("list", "what there is")->callback([path, member, columns = std::move(columns), &context] {
    context.run = [path, member, columns, &context]() -> Result<void> {
      TOBARI_ASSIGN(Portal portal, context.open());
      TOBARI_ASSIGN(const Json answer, portal.call("GET", path));
      print_list(answer, member, columns, context.json);
      return {};
    };
  });
}

Result<void> create_user(const Context& context, const Names& names) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string password, read_password(names.password_file, "Password for " + names.name));
  TOBARI_TRY(portal.call("POST", "/users", {{"name", names.name}, {"password", password}, {"role", names.role}}));
  return {};
}

Result<void> set_password(const Context& context, const Names& names) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string password, read_password(names.password_file, "New password for " + names.name));
  TOBARI_TRY(portal.call("PUT", "/users/" + names.name + "/password", {{"password", password}}));
  return {};
}

enum class Nodes { kAny, kHosts };

Result<std::string> find_node(Portal& portal, const std::string& wanted, Nodes among) {
  if (is_uuid(wanted)) return wanted;
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/hosts"));
  std::string id;
  for (const Json& host : answer.value("hosts", Json::array())) {
    if (host.value("name", "") != wanted) continue;
    if (among == Nodes::kHosts && host.value("role", "") != "host") continue;
    if (!id.empty()) return fail(Errc::kInvalidArgument, "a host and a gateway have this name: give the id");
    id = host.value("id", "");
  }
  if (!id.empty()) return id;
  const char* what = among == Nodes::kHosts ? "host" : "host or gateway";
  return fail(Errc::kNotFound, std::format("there is no {} {}", what, wanted));
}

Result<void> remove_host(const Context& context, const std::string& wanted) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_node(portal, wanted, Nodes::kAny));
  TOBARI_TRY(portal.call("DELETE", "/hosts/" + id));
  return {};
}

struct HostModeOptions {
  std::string host;
  bool move = false;
  unsigned notice_minutes = 0;
  std::string text;
};

Result<void> set_host_mode(const Context& context, const HostModeOptions& options, const char* mode) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_node(portal, options.host, Nodes::kHosts));
  Json body{{"mode", mode}};
  if (options.move) body["how"] = "move";
  if (options.notice_minutes > 0) body["notice_seconds"] = options.notice_minutes * 60;
  if (!options.text.empty()) body["text"] = options.text;
  TOBARI_ASSIGN(const Json host, portal.call("PUT", "/hosts/" + id, body));
  if (context.json) {
    std::println("{}", host.dump(2));
  } else {
    std::println("{} is {}, with {} desktops", host.value("name", ""), host.value("mode", ""),
                 host.value("desktops", 0));
    for (const Json& left : host.value("left", Json::array())) {
      std::println("  {}: {}", left.value("desktop", ""), left.value("why", ""));
    }
  }
  return {};
}

void add_mode(CLI::App& group, Context& context, const char* name, const char* mode, const char* help) {
  auto options = std::make_shared<HostModeOptions>();
  CLI::App* command = group.add_subcommand(name, help);
  command->add_option("host", options->host, "name or id")->required();
  if (std::string_view(mode) == "draining") {
    command->add_flag("--move", options->move, "floating desktops there end, and their users get others elsewhere");
    command->add_option("--notice", options->notice_minutes, "minutes until then, in which their pictures say so");
    command->add_option("--text", options->text, "what they say besides");
  }
  command->callback([options, mode, &context] {
    context.run = [options, mode, &context] { return set_host_mode(context, *options, mode); };
  });
}

Result<void> join_token(const Context& context, const Names& names) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("POST", "/join-tokens", {{"role", names.role}, {"name", names.name}}));
  if (context.json) {
    std::println("{}", answer.dump(2));
  } else {
    std::println("{}", answer.value("join_token", ""));
    std::println(stderr, "good once, until {}; on the new machine: tobari-{} enrol --config FILE --join-token TOKEN",
                 answer.value("expires_at", ""), names.role == "host" ? "vmhost" : "gateway");
  }
  return {};
}

}  // namespace

void add_user_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("users", "users: list, create, delete, password");
  group->require_subcommand(1);
  add_list(*group, context, "/users", "users", {{"NAME", "name"}, {"ROLE", "role"}});
  auto names = std::make_shared<Names>();
  names->role = "user";
  CLI::App* create = group->add_subcommand("create", "a new user");
  create->add_option("name", names->name, "1-32 of a-z 0-9 . _ -")->required();
  create->add_option("--role", names->role, "user or admin, default user");
  create->add_option("--password-file", names->password_file, "file with the password; '-' reads standard input");
  create->callback([names, &context] { context.run = [names, &context] { return create_user(context, *names); }; });
  CLI::App* password = group->add_subcommand("password", "set a password; other sign-ins of the user end");
  password->add_option("name", names->name, "whose")->required();
  password->add_option("--password-file", names->password_file, "file with the password; '-' reads standard input");
  password->callback([names, &context] { context.run = [names, &context] { return set_password(context, *names); }; });
  CLI::App* remove = group->add_subcommand("delete", "remove a user who has no desktop");
  remove->add_option("name", names->name, "whom")->required();
  remove->callback([names, &context] {
    context.run = [names, &context]() -> Result<void> {
      TOBARI_ASSIGN(Portal portal, context.open());
      TOBARI_TRY(portal.call("DELETE", "/users/" + names->name));
      return {};
    };
  });
}

void add_host_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("hosts", "VM hosts and gateways: list, drain, ready, join-token, remove");
  group->require_subcommand(1);
  add_list(*group, context, "/hosts", "hosts",
           {{"NAME", "name"},
            {"ROLE", "role"},
            {"STATE", "state"},
            {"MODE", "mode"},
            {"LEASE", "lease_age_seconds"},
            {"LOST", "lost"},
            {"DESKTOPS", "desktops"},
            {"PROMISED", "memory_promised_mib"},
            {"FREE", "memory_free_mib"},
            {"SHARED", "memory_shared_mib"},
            {"MIB", "memory_mib"},
            {"VERSION", "version"},
            {"CPUS", "cpus"},
            {"ACCEL", "accelerator"},
            {"IMAGES", "images"}});
  add_mode(*group, context, "drain", "draining", "no new desktops there; those that are there stay");
  add_mode(*group, context, "ready", "ready", "new desktops there again");
  auto names = std::make_shared<Names>();
  names->role = "host";
  CLI::App* token = group->add_subcommand("join-token", "what a new host or gateway needs to join");
  token->add_option("name", names->name, "its name, 1-63 of a-z 0-9 -")->required();
  token->add_option("--role", names->role, "host or gateway, default host");
  token->callback([names, &context] { context.run = [names, &context] { return join_token(context, *names); }; });
  CLI::App* remove = group->add_subcommand("remove", "refuse a host or gateway from now on");
  remove->add_option("host", names->name, "name or id")->required();
  remove->callback(
      [names, &context] { context.run = [names, &context] { return remove_host(context, names->name); }; });
}

void add_session_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("sessions", "sessions: list, end");
  group->require_subcommand(1);
  add_list(*group, context, "/sessions", "sessions",
           {{"ID", "id"},
            {"USER", "user"},
            {"STATE", "state"},
            {"SINCE", "created_at"},
            {"FROM", "client_address"},
            {"CLIENT", "client_name"},
            {"DETAIL", "detail"}});
  auto id = std::make_shared<std::string>();
  CLI::App* end = group->add_subcommand("end", "disconnect; the desktop stays");
  end->add_option("session", *id, "its id")->required();
  end->callback([id, &context] {
    context.run = [id, &context]() -> Result<void> {
      TOBARI_ASSIGN(Portal portal, context.open());
      TOBARI_TRY(portal.call("DELETE", "/sessions/" + *id));
      return {};
    };
  });
}

}  // namespace tobari::cli
