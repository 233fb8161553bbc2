// SPDX-License-Identifier: GPL-3.0-or-later
// tobari desktops …
#include <cerrno>
#include <cstdio>
#include <memory>
#include <print>

#include <CLI/CLI.hpp>

#include <tobari/base/thumbnail.h>

#include "commands.h"
#include "daemon/files.h"
#include "find_desktop.h"
#include "output.h"

namespace tobari::cli {
namespace {

struct NewDesktop {
  std::string user, image, name, host;
  unsigned vcpus = 2;
  unsigned memory_mib = 1024;
};

Result<void> list(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json all, all_desktops(portal));
  print_list(Json{{"desktops", all}}, "desktops",
             {{"NAME", "name"},
              {"USER", "user"},
              {"STATE", "state"},
              {"HOST", "host"},
              {"IMAGE", "image"},
              {"CPUS", "vcpus"},
              {"MIB", "memory_mib"},
              {"PRIVATE", "memory_private_mib"},
              {"DETAIL", "detail"}},
             context.json);
  return {};
}

Result<void> create(const Context& context, const NewDesktop& wanted) {
  TOBARI_ASSIGN(Portal portal, context.open());
  Json body{{"user", wanted.user}, {"image", wanted.image}, {"vcpus", wanted.vcpus}, {"memory_mib", wanted.memory_mib}};
  if (!wanted.name.empty()) body["name"] = wanted.name;
  if (!wanted.host.empty()) body["host"] = wanted.host;
  TOBARI_ASSIGN(const Json made, portal.call("POST", "/desktops", body));
  if (context.json) {
    std::println("{}", made.dump(2));
  } else {
    std::println("{} on {}", made.value("name", ""), made.value("host", ""));
  }
  return {};
}

Result<void> act(const Context& context, const std::string& desktop, const char* method, const char* suffix) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  TOBARI_TRY(portal.call(method, "/desktops/" + id + suffix));
  return {};
}

Result<void> thumbnail(const Context& context, const std::string& desktop, const std::string& file) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  TOBARI_ASSIGN(const std::string jpeg, portal.download("/desktops/" + id + "/thumbnail"));
  // What comes from the broker must not be run as something else: it is a picture or nothing.
  if (!is_thumbnail(jpeg)) return fail(Errc::kPeerProtocol, "the broker's answer is no picture");
  if (file == "-") {
    if (std::fwrite(jpeg.data(), 1, jpeg.size(), stdout) != jpeg.size()) return fail_errno(errno, "write the picture");
    return {};
  }
  return broker::write_small_file(file, jpeg, 0600);
}

void add_thumbnail(CLI::App& group, Context& context) {
  auto desktop = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand("thumbnail", "a small picture of what the desktop shows");
  command->add_option("desktop", *desktop, "name or id; may be left out when you have one");
  command->add_option("-o,--output", *file, "where to write the JPEG; - for the standard output")->required();
  command->callback([desktop, file, &context] {
    context.run = [desktop, file, &context] { return thumbnail(context, *desktop, *file); };
  });
}

void add_create(CLI::App& group, Context& context) {
  auto wanted = std::make_shared<NewDesktop>();
  CLI::App* command = group.add_subcommand("create", "a dedicated desktop for a user");
  command->add_option("--user", wanted->user, "whose")->required();
  command->add_option("--image", wanted->image, "from which image")->required();
  command->add_option("--name", wanted->name, "host name in the guest; default: made from the user's");
  command->add_option("--host", wanted->host, "on which host; default: the one with most free memory");
  command->add_option("--cpus", wanted->vcpus, "1-64, default 2");
  command->add_option("--memory", wanted->memory_mib, "MiB, 256-262144, default 1024");
  command->callback([wanted, &context] { context.run = [wanted, &context] { return create(context, *wanted); }; });
}

void add_act(CLI::App& group, Context& context, const char* name, const char* help, const char* method,
             const char* suffix) {
  auto desktop = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand(name, help);
  command->add_option("desktop", *desktop, "name or id")->required();
  command->callback([desktop, method, suffix, &context] {
    context.run = [desktop, method, suffix, &context] { return act(context, *desktop, method, suffix); };
  });
}

}  // namespace

void add_desktop_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand(
      "desktops", "desktops: list, create, start, stop, restart, reset, end, keep, connect, thumbnail, delete");
  group->require_subcommand(1);
  group->add_subcommand("list", "yours; an administrator sees all")->callback([&context] {
    context.run = [&context] { return list(context); };
  });
  add_create(*group, context);
  add_act(*group, context, "delete", "remove a desktop and its disk", "DELETE", "");
  add_act(*group, context, "start", "switch a desktop on", "POST", "/start");
  add_act(*group, context, "stop", "switch a desktop off", "POST", "/stop");
  add_act(*group, context, "restart", "ask its guest to end, and start it again", "POST", "/restart");
  add_act(*group, context, "reset", "pull its plug, and start it again", "POST", "/reset");
  add_end_commands(*group, context);
  add_thumbnail(*group, context);
  add_connect_command(*group, context);
}

}  // namespace tobari::cli
