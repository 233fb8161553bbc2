// SPDX-License-Identifier: GPL-3.0-or-later
// tobari connect …, tobari desktops connect …, tobari wall …, tobari log-off …
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <format>
#include <memory>
#include <mutex>
#include <print>

#include <CLI/CLI.hpp>

#include <tobari/base/random.h>
#include <tobari/base/wall.h>

#include "commands.h"
#include "daemon/files.h"
#include "find_desktop.h"

namespace tobari::cli {
namespace {

constexpr std::chrono::minutes kStartPatience{5};

// "00:11:22…", as xfreerdp3 wants it.
std::string with_colons(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) text += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return text;
}

// Asks again for as long as the broker says that the desktop is starting, and says how far it is. `key`: see
// Portal::call().
Result<Json> open_patiently(Portal& portal, const std::string& path, Json body, std::string key = "") {
  body["client_kind"] = "tobari";
  const auto until = std::chrono::steady_clock::now() + kStartPatience;
  std::mutex mutex;
  std::condition_variable never;
  std::string told;
  for (;;) {
    Refusal refusal;
    auto answer = portal.call("POST", path, body, &refusal, key);
    if (answer.has_value() || std::chrono::steady_clock::now() > until) return answer;
    if (refusal.code == "given_back" && !key.empty()) {
      key = random_uuid();  // what was asked for before is over: this is a new request
    } else if (refusal.code != "desktop_starting") {
      return answer;
    }
    if (told != refusal.detail) std::println(stderr, "{} ...", refusal.detail);
    told = refusal.detail;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::max(refusal.retry_after, std::chrono::seconds(1)));
  }
}

// Whatever shows it: an .rdp file, or the command for whoever has a terminal. `options`: further ones of xfreerdp3.
Result<void> hand_over(const Context& context, const Json& reply, const std::string& rdp_file, const char* options) {
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
      "xfreerdp3 {}/v:{}:{} /u:{} /p:{} '/load-balance-info:Cookie: msts={}' /cert:fingerprint:sha256:{} /sec:tls",
      options, reply.value("address", ""), reply.value("port", 0), reply.value("user", ""), reply.value("ticket", ""),
      reply.value("routing_token", ""), with_colons(reply.value("certificate_sha256", "")));
  return {};
}

Result<void> connect(const Context& context, const std::string& desktop, const std::string& rdp_file) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  TOBARI_ASSIGN(const Json reply, open_patiently(portal, "/desktops/" + id + "/connect", Json::object()));
  return hand_over(context, reply, rdp_file, "");
}

Result<void> connect_anything(const Context& context, const std::string& wanted, const std::string& rdp_file) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Target target, find_target(portal, wanted));
  const std::string key = target.of_pool ? random_uuid() : "";
  TOBARI_ASSIGN(const Json reply, open_patiently(portal, target.path + "/connect", Json::object(), key));
  return hand_over(context, reply, rdp_file, "");
}

Result<void> log_off(const Context& context, const std::string& wanted) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Target target, find_target(portal, wanted));
  if (target.desktop.empty()) {
    return fail(Errc::kNotFound, std::format("you have no desktop in pool {}: nothing to log off", target.name));
  }
  TOBARI_ASSIGN(const Json reply,
                portal.call("POST", "/desktops/" + target.desktop + "/logoff", nullptr, nullptr, random_uuid()));
  if (context.json) {
    std::println("{}", reply.dump(2));
  } else {
    const bool kept = reply.value("desktop", "") == "kept";
    std::println("{}", kept ? "logged off; the desktop is kept" : "logged off; the desktop was given back and is gone");
  }
  return {};
}

Result<void> wall(const Context& context, const std::vector<std::string>& desktops, const std::string& rdp_file) {
  TOBARI_ASSIGN(Portal portal, context.open());
  Json ids = Json::array();
  for (const std::string& desktop : desktops) {
    TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
    ids.push_back(id);
  }
  TOBARI_ASSIGN(const Json reply, open_patiently(portal, "/wall", {{"desktops", std::move(ids)}}));
  return hand_over(context, reply, rdp_file, "/multimon /f ");
}

}  // namespace

void add_connect_command(CLI::App& group, Context& context) {
  auto desktop = std::make_shared<std::string>();
  auto rdp_file = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand("connect", "print the command that shows the desktop");
  command->add_option("desktop", *desktop, "name or id; may be left out when you have one");
  command->add_option("--rdp-file", *rdp_file, "write an .rdp file instead");
  command->callback([desktop, rdp_file, &context] {
    context.run = [desktop, rdp_file, &context] { return connect(context, *desktop, *rdp_file); };
  });
}

void add_use_commands(CLI::App& app, Context& context) {
  auto name = std::make_shared<std::string>();
  auto rdp_file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("connect", "print the command that shows your desktop of a pool, or another");
  command->add_option("name", *name, "of a pool or desktop, or an id; may be left out when you have one");
  command->add_option("--rdp-file", *rdp_file, "write an .rdp file instead");
  command->callback([name, rdp_file, &context] {
    context.run = [name, rdp_file, &context] { return connect_anything(context, *name, *rdp_file); };
  });
  CLI::App* off = app.add_subcommand("log-off", "you have finished: sessions end, a floating desktop is given back");
  off->add_option("name", *name, "of a pool or desktop, or an id; may be left out when you have one");
  off->callback([name, &context] { context.run = [name, &context] { return log_off(context, *name); }; });
}

void add_wall_command(CLI::App& app, Context& context) {
  auto desktops = std::make_shared<std::vector<std::string>>();
  auto rdp_file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "wall", "print the command that shows several of your desktops side by side, one on each monitor");
  command
      ->add_option("desktops", *desktops,
                   "names or ids, in the order of the monitors: rows from the top, from the left")
      ->required()
      ->expected(static_cast<int>(kMinWallDesktops), static_cast<int>(kMaxWallDesktops));
  command->add_option("--rdp-file", *rdp_file, "write an .rdp file instead");
  command->callback([desktops, rdp_file, &context] {
    context.run = [desktops, rdp_file, &context] { return wall(context, *desktops, *rdp_file); };
  });
}

}  // namespace tobari::cli
