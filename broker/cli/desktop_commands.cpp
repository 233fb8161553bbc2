// SPDX-License-Identifier: GPL-3.0-or-later
// tobari desktops …
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <format>
#include <memory>
#include <mutex>
#include <print>

#include <CLI/CLI.hpp>

#include <tobari/base/random.h>
#include <tobari/base/thumbnail.h>

#include "commands.h"
#include "daemon/files.h"
#include "output.h"

namespace tobari::cli {
namespace {

constexpr std::chrono::minutes kStartPatience{5};

struct NewDesktop {
  std::string user, image, name, host;
  unsigned vcpus = 2;
  unsigned memory_mib = 1024;
};

// A desktop's id from its name, its id, or, when there is only one, from nothing.
Result<std::string> find_desktop(Portal& portal, const std::string& wanted) {
  if (is_uuid(wanted)) return wanted;
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/desktops"));
  const Json list = answer.value("desktops", Json::array());
  if (wanted.empty() && list.size() == 1) return list.front().value("id", "");
  std::string names;
  for (const Json& desktop : list) {
    const std::string name = desktop.value("name", "");
    if (name == wanted) return desktop.value("id", "");
    names += (names.empty() ? "" : ", ") + name;
  }
  if (list.empty()) return fail(Errc::kNotFound, "you have no desktop: ask an administrator for one");
  return fail(Errc::kNotFound, wanted.empty() ? std::format("which desktop? there are {}", names)
                                              : std::format("there is no desktop {}; there are {}", wanted, names));
}

// "00:11:22…", as xfreerdp3 wants it.
std::string with_colons(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) text += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return text;
}

Result<void> list(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/desktops"));
  print_list(answer, "desktops",
             {{"NAME", "name"},
              {"USER", "user"},
              {"STATE", "state"},
              {"HOST", "host"},
              {"IMAGE", "image"},
              {"CPUS", "vcpus"},
              {"MIB", "memory_mib"},
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

// Asks again for as long as the broker says that the desktop is starting.
Result<Json> connect_patiently(Portal& portal, const std::string& id) {
  const auto until = std::chrono::steady_clock::now() + kStartPatience;
  std::mutex mutex;
  std::condition_variable never;
  bool told = false;
  for (;;) {
    Refusal refusal;
    auto answer = portal.call("POST", "/desktops/" + id + "/connect", {{"client_kind", "tobari"}}, &refusal);
    const bool wait = !answer.has_value() && refusal.code == "desktop_starting";
    if (!wait || std::chrono::steady_clock::now() > until) return answer;
    if (!told) std::println(stderr, "the desktop is starting ...");
    told = true;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::max(refusal.retry_after, std::chrono::seconds(1)));
  }
}

Result<void> connect(const Context& context, const std::string& desktop, const std::string& rdp_file) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  TOBARI_ASSIGN(const Json reply, connect_patiently(portal, id));
  if (context.json) {
    std::println("{}", reply.dump(2));
    return {};
  }
  if (!rdp_file.empty()) {
    TOBARI_TRY(broker::write_small_file(rdp_file, reply.value("rdp_file", ""), 0600));
    std::println("{} is good for one connection within a minute; password: {}", rdp_file, reply.value("ticket", ""));
    return {};
  }
  std::println(
      "xfreerdp3 /v:{}:{} /u:{} /p:{} '/load-balance-info:Cookie: msts={}' /cert:fingerprint:sha256:{} /sec:tls",
      reply.value("address", ""), reply.value("port", 0), reply.value("user", ""), reply.value("ticket", ""),
      reply.value("routing_token", ""), with_colons(reply.value("certificate_sha256", "")));
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
  CLI::App* group = app.add_subcommand("desktops", "desktops: list, create, start, stop, connect, thumbnail, delete");
  group->require_subcommand(1);
  group->add_subcommand("list", "yours; an administrator sees all")->callback([&context] {
    context.run = [&context] { return list(context); };
  });
  add_create(*group, context);
  add_act(*group, context, "delete", "remove a desktop and its disk", "DELETE", "");
  add_act(*group, context, "start", "switch a desktop on", "POST", "/start");
  add_act(*group, context, "stop", "switch a desktop off", "POST", "/stop");
  add_thumbnail(*group, context);
  auto desktop = std::make_shared<std::string>();
  auto rdp_file = std::make_shared<std::string>();
  CLI::App* command = group->add_subcommand("connect", "print the command that shows the desktop");
  command->add_option("desktop", *desktop, "name or id; may be left out when you have one");
  command->add_option("--rdp-file", *rdp_file, "write an .rdp file instead");
  command->callback([desktop, rdp_file, &context] {
    context.run = [desktop, rdp_file, &context] { return connect(context, *desktop, *rdp_file); };
  });
}

}  // namespace tobari::cli
