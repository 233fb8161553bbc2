// SPDX-License-Identifier: GPL-3.0-or-later
// tobari desktops end | keep, tobari user-disks …
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "find_desktop.h"
#include "output.h"

namespace tobari::cli {
namespace {

struct EndOptions {
  std::string desktop;
  unsigned notice_minutes = 0;
  std::string text;
  bool stop = false;
};

Result<void> end_desktop(const Context& context, const EndOptions& options) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, options.desktop));
  Json body{{"notice_seconds", options.notice_minutes * 60}, {"stop", options.stop}};
  if (!options.text.empty()) body["text"] = options.text;
  TOBARI_TRY(portal.call("POST", "/desktops/" + id + "/end", body));
  return {};
}

Result<void> keep_desktop(const Context& context, const std::string& desktop) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  TOBARI_TRY(portal.call("DELETE", "/desktops/" + id + "/end"));
  return {};
}

Result<void> list_user_disks(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/user-disks"));
  print_list(answer, "user_disks",
             {{"USER", "user"},
              {"NAME", "name"},
              {"KIND", "kind"},
              {"GIB", "size_gib"},
              {"STATE", "state"},
              {"DESKTOP", "desktop"},
              {"HOST", "host"},
              {"STORAGE", "storage"},
              {"ID", "id"}},
             context.json);
  return {};
}

Result<void> delete_user_disk(const Context& context, const std::string& id) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_TRY(portal.call("DELETE", "/user-disks/" + id));
  return {};
}

}  // namespace

void add_end_commands(CLI::App& group, Context& context) {
  auto options = std::make_shared<EndOptions>();
  CLI::App* end = group.add_subcommand("end", "of a user's desktop: a floating one is deleted, another one logged off");
  end->add_option("desktop", options->desktop, "name or id")->required();
  end->add_option("--notice", options->notice_minutes, "minutes until then, in which its picture says so; default now");
  end->add_option("--text", options->text, "what it says besides");
  end->add_flag("--stop", options->stop, "one that is kept is switched off besides");
  end->callback([options, &context] { context.run = [options, &context] { return end_desktop(context, *options); }; });
  auto kept = std::make_shared<std::string>();
  CLI::App* keep = group.add_subcommand("keep", "one that was to end does not");
  keep->add_option("desktop", *kept, "name or id")->required();
  keep->callback([kept, &context] { context.run = [kept, &context] { return keep_desktop(context, *kept); }; });
}

void add_user_disk_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("user-disks", "users' own disks and folders: list, delete");
  group->require_subcommand(1);
  group->add_subcommand("list", "yours; an administrator sees all")->callback([&context] {
    context.run = [&context] { return list_user_disks(context); };
  });
  auto id = std::make_shared<std::string>();
  CLI::App* remove = group->add_subcommand("delete", "with everything that is on it; nobody may be using it");
  remove->add_option("id", *id, "as list shows it")->required();
  remove->callback([id, &context] { context.run = [id, &context] { return delete_user_disk(context, *id); }; });
}

}  // namespace tobari::cli
