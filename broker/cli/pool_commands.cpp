// SPDX-License-Identifier: GPL-3.0-or-later
// tobari pools …
#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <print>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "find_desktop.h"
#include "output.h"

namespace tobari::cli {
namespace {

constexpr unsigned kSecondsAMinute = 60;
constexpr std::size_t kMaxPlanFile = std::size_t{16} << 10;

// What a pool can be given; what is left out stays as it is, or is the broker's own.
struct PoolOptions {
  std::string pool;  // the one that is meant
  std::string kind;
  std::optional<std::string> name, image, machine, renewal;
  std::optional<unsigned> vcpus, memory_mib, heads, min, max, spares, keep_minutes;
  std::vector<std::string> labels;
  std::string plan_file;
  bool no_labels = false;
  bool open = false;
  bool closed = false;
};

Json body_of_pool(const PoolOptions& options) {
  Json body = Json::object();
  const auto add = [&body](const char* member, const auto& value) {
    if (value.has_value()) body[member] = *value;
  };
  add("name", options.name);
  add("image", options.image);
  add("machine", options.machine);
  add("renewal", options.renewal);
  add("vcpus", options.vcpus);
  add("memory_mib", options.memory_mib);
  add("heads", options.heads);
  add("min", options.min);
  add("max", options.max);
  add("spares", options.spares);
  if (options.keep_minutes.has_value()) body["keep_seconds"] = *options.keep_minutes * kSecondsAMinute;
  if (options.no_labels || !options.labels.empty()) body["labels"] = options.labels;
  if (options.open || options.closed) body["open"] = options.open;
  return body;
}

Result<void> add_plan(Json& body, const PoolOptions& options) {
  if (options.plan_file.empty()) return {};
  if (options.plan_file == "none") {
    body["plan"] = nullptr;
    return {};
  }
  std::ifstream in(options.plan_file, std::ios::binary);
  if (!in) return fail_errno(errno, "read " + options.plan_file);
  std::string text(kMaxPlanFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  Json plan = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (text.size() > kMaxPlanFile || !plan.is_object()) {
    return fail(Errc::kInvalidArgument, options.plan_file + " is no JSON object of up to 16 KiB");
  }
  body["plan"] = std::move(plan);
  return {};
}

void add_members(CLI::App& command, const std::shared_ptr<PoolOptions>& options) {
  command.add_option("--image", options->image,
                     "of new desktops: NAME, whatever version is published, or NAME@VERSION (docs/IMAGES.md)");
  command.add_option("--renewal", options->renewal,
                     "dedicated: keep (default), or at_log_off: with a newer image they are made anew, empty");
  command.add_option("--machine", options->machine, "vm (default), or container (docs/CONTAINERS.md): as the image is");
  command.add_option("--cpus", options->vcpus, "1-64");
  command.add_option("--memory", options->memory_mib, "MiB, 128-262144");
  command.add_option("--heads", options->heads, "monitors that a desktop has, 1-16");
  command.add_option("--min", options->min, "desktops that exist whether or not anybody asks");
  command.add_option("--max", options->max, "desktops that exist at most");
  command.add_option("--spares", options->spares, "desktops that wait for a user");
  command.add_option("--keep", options->keep_minutes,
                     "floating: minutes after its last client has gone in which it is still the user's");
  command.add_option("--plan", options->plan_file,
                     "a JSON file: hours, idle actions, users' disks (docs/POOLS.md); 'none' for no plan");
  command.add_option("--label", options->labels, "for the policy; may be repeated")->allow_extra_args(false);
}

Result<void> show_pool(const Context& context, const Json& pool, const char* what) {
  if (context.json) {
    std::println("{}", pool.dump(2));
  } else {
    std::println("{} {}", pool.value("name", ""), what);
  }
  return {};
}

Result<void> list_pools(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/pools"));
  print_list(answer, "pools",
             {{"NAME", "name"},
              {"KIND", "kind"},
              {"STATE", "state"},
              {"IMAGE", "image"},
              {"MACHINE", "machine"},
              {"CPUS", "vcpus"},
              {"MIB", "memory_mib"},
              {"DESKTOPS", "desktops"},
              {"ASSIGNED", "assigned"},
              {"FREE", "free"},
              {"SPARES", "spares"},
              {"MAX", "max"},
              {"LEAVING", "leaving"},
              {"LABELS", "labels"}},
             context.json);
  return {};
}

Result<void> create_pool(const Context& context, const PoolOptions& options) {
  TOBARI_ASSIGN(Portal portal, context.open());
  Json body = body_of_pool(options);
  TOBARI_TRY(add_plan(body, options));
  body["name"] = options.pool;
  body["kind"] = options.kind;
  TOBARI_ASSIGN(const Json made, portal.call("POST", "/pools", body));
  return show_pool(context, made, "is there");
}

Result<void> change_pool(const Context& context, const PoolOptions& options) {
  if (options.open && options.closed) return fail(Errc::kInvalidArgument, "--open or --closed, not both");
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_pool(portal, options.pool));
  Json body = body_of_pool(options);
  TOBARI_TRY(add_plan(body, options));
  TOBARI_ASSIGN(const Json changed, portal.call("PATCH", "/pools/" + id, body));
  return show_pool(context, changed, "is changed");
}

Result<void> remove_pool(const Context& context, const std::string& pool) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_pool(portal, pool));
  TOBARI_TRY(portal.call("DELETE", "/pools/" + id));
  return {};
}

Result<void> list_desktops_of(const Context& context, const std::string& pool) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_pool(portal, pool));
  const std::string path = "/pools/" + id + "/desktops";
  Json all = Json::array();
  for (std::string after;;) {
    TOBARI_ASSIGN(const Json page, portal.call("GET", path + after));
    const Json desktops = page.value("desktops", Json::array());
    for (const Json& desktop : desktops) all.push_back(desktop);
    if (!page.contains("next")) break;
    after = "?after=" + page.value("next", "");
  }
  print_list(Json{{"desktops", all}}, "desktops",
             {{"NAME", "name"},
              {"USER", "user"},
              {"STATE", "state"},
              {"HOST", "host"},
              {"IMAGE", "image"},
              {"DETAIL", "detail"}},
             context.json);
  return {};
}

Result<void> put_in_pool(const Context& context, const std::string& desktop, const std::string& pool,
                         const std::string& user) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string pool_id, find_pool(portal, pool));
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  Json body = Json::object();
  if (!user.empty()) body["user"] = user;
  TOBARI_ASSIGN(const Json put_in, portal.call("PUT", "/pools/" + pool_id + "/desktops/" + id, body));
  if (context.json) {
    std::println("{}", put_in.dump(2));
  } else {
    std::println("{} of {} is in {}", put_in.value("name", ""), put_in.value("user", ""), put_in.value("pool", ""));
  }
  return {};
}

Result<void> take_from_pool(const Context& context, const std::string& desktop) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string id, find_desktop(portal, desktop));
  TOBARI_ASSIGN(const Json found, portal.call("GET", "/desktops/" + id));
  if (!found.contains("pool")) return fail(Errc::kNotFound, found.value("name", "") + " is in no pool");
  TOBARI_ASSIGN(const std::string pool, find_pool(portal, found.value("pool", "")));
  TOBARI_TRY(portal.call("DELETE", "/pools/" + pool + "/desktops/" + id));
  return {};
}

void add_pool_create(CLI::App& group, Context& context) {
  auto options = std::make_shared<PoolOptions>();
  options->kind = "floating";
  CLI::App* command = group.add_subcommand("create", "a new pool");
  command->add_option("pool", options->pool, "its name, 1-63 of a-z 0-9 -; desktops are named after it")->required();
  command->add_option("--kind", options->kind,
                      "floating (default): a fresh desktop at each log-in; dedicated: one for each user, kept; manual: "
                      "of desktops that are there");
  add_members(*command, options);
  command->add_flag("--closed", options->closed, "nobody gets a desktop there yet");
  command->callback(
      [options, &context] { context.run = [options, &context] { return create_pool(context, *options); }; });
}

void add_pool_change(CLI::App& group, Context& context) {
  auto options = std::make_shared<PoolOptions>();
  CLI::App* command = group.add_subcommand("change", "of a pool what is given; spares are made anew when they differ");
  command->add_option("pool", options->pool, "name or id")->required();
  command->add_option("--name", options->name, "a new name; desktops that are there keep theirs");
  add_members(*command, options);
  command->add_flag("--no-labels", options->no_labels, "it shall have none");
  command->add_flag("--open", options->open, "users get desktops there");
  command->add_flag("--closed", options->closed, "whoever has none gets none");
  command->callback(
      [options, &context] { context.run = [options, &context] { return change_pool(context, *options); }; });
}

void add_of_pool(CLI::App& group, Context& context, const char* name, const char* help,
                 Result<void> (*act)(const Context&, const std::string&)) {
  auto pool = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand(name, help);
  command->add_option("pool", *pool, "name or id")->required();
  command->callback([pool, act, &context] { context.run = [pool, act, &context] { return act(context, *pool); }; });
}

void add_by_hand(CLI::App& group, Context& context) {
  struct ByHand {
    std::string desktop, pool, user;
  };
  auto names = std::make_shared<ByHand>();
  CLI::App* put_in = group.add_subcommand("put", "a desktop into a manual pool");
  put_in->add_option("desktop", names->desktop, "name or id")->required();
  put_in->add_option("pool", names->pool, "name or id")->required();
  put_in->add_option("--user", names->user, "whose it is from now on; default: whose it is");
  put_in->callback([names, &context] {
    context.run = [names, &context] { return put_in_pool(context, names->desktop, names->pool, names->user); };
  });
  CLI::App* take_out = group.add_subcommand("take", "a desktop out of its manual pool; its user keeps it");
  take_out->add_option("desktop", names->desktop, "name or id")->required();
  take_out->callback(
      [names, &context] { context.run = [names, &context] { return take_from_pool(context, names->desktop); }; });
}

}  // namespace

void add_pool_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("pools", "pools of desktops: list, create, change, remove, desktops, put, take");
  group->require_subcommand(1);
  group->add_subcommand("list", "all of them, and how full they are")->callback([&context] {
    context.run = [&context] { return list_pools(context); };
  });
  add_pool_create(*group, context);
  add_pool_change(*group, context);
  add_of_pool(*group, context, "remove", "a pool that nobody has a desktop of; its spares go with it", remove_pool);
  add_of_pool(*group, context, "desktops", "its desktops and whose they are", list_desktops_of);
  add_by_hand(*group, context);
}

}  // namespace tobari::cli
