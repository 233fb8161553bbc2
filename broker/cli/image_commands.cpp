// SPDX-License-Identifier: GPL-3.0-or-later
// tobari images …
#include <chrono>
#include <cstdint>
#include <format>
#include <memory>
#include <poll.h>
#include <print>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include <tobari/base/image_ref.h>

#include "commands.h"
#include "find_desktop.h"
#include "image_lines.h"
#include "output.h"

namespace tobari::cli {
namespace {

constexpr std::chrono::seconds kLookEvery{2};

struct ImageOptions {
  std::string image;  // NAME or NAME@VERSION
  std::string pool;
  std::string host, file, format, firmware, devices, notes;
  std::uint32_t memory_mib = 0, disk_gib = 0;
  bool agent = false, drivers = false, wait = false, now = false;
};

Result<std::string> path_of_version(const std::string& text) {
  const auto ref = parse_image_ref(text);
  if (!ref || ref->version == 0) return fail(Errc::kInvalidArgument, "name a version: NAME@VERSION");
  return std::format("/images/{}/versions/{}", ref->name, ref->version);
}

// ---- what there is

Result<void> list_images(const Context& context) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/images"));
  const Json flat{{"versions", version_lines(answer)}};
  if (context.json) {
    std::println("{}", answer.dump(2));
    return {};
  }
  print_list(flat, "versions",
             {{"IMAGE", "ref"},
              {"STATE", "state"},
              {"FORMAT", "format"},
              {"DISK", "disk"},
              {"MADE", "made_at"},
              {"BY", "made_by"},
              {"NOTES", "notes"}},
             false);
  return {};
}

Result<void> show_image(const Context& context, const std::string& text) {
  const auto ref = parse_image_ref(text);
  if (!ref) return fail(Errc::kInvalidArgument, "name an image: NAME or NAME@VERSION");
  TOBARI_ASSIGN(Portal portal, context.open());
  const std::string path =
      ref->version == 0 ? "/images/" + ref->name : std::format("/images/{}/versions/{}", ref->name, ref->version);
  TOBARI_ASSIGN(const Json answer, portal.call("GET", path));
  if (context.json) {
    std::println("{}", answer.dump(2));
  } else {
    std::print("{}", ref->version == 0 ? image_text(answer) : version_text(answer));
  }
  return {};
}

// ---- imports

// Until it is ready or has failed, a line whenever something is new.
Result<void> wait_for_import(Portal& portal, const std::string& path) {
  std::string said;
  for (;;) {
    TOBARI_ASSIGN(const Json version, portal.call("GET", path));
    const std::string state = version.value("state", "");
    std::string line = progress_line(version);
    if (line != said) std::println(stderr, "{}", line);
    said = std::move(line);
    if (state == "failed") return fail(Errc::kInvalidArgument, version.value("detail", "the import failed"));
    if (state != "importing") return {};
    ::poll(nullptr, 0, static_cast<int>(std::chrono::milliseconds(kLookEvery).count()));
  }
}

Json body_of_import(const ImageOptions& options) {
  Json body{{"host", options.host}, {"file", options.file}, {"format", options.format}};
  const auto add = [&body](const char* member, const std::string& value) {
    if (!value.empty()) body[member] = value;
  };
  add("firmware", options.firmware);
  add("devices", options.devices);
  add("notes", options.notes);
  if (options.agent) body["agent"] = true;
  if (options.drivers) body["drivers"] = true;
  if (options.memory_mib != 0) body["min_memory_mib"] = options.memory_mib;
  if (options.disk_gib != 0) body["disk_gib"] = options.disk_gib;
  return body;
}

Result<void> import_image(const Context& context, const ImageOptions& options) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer,
                portal.call("POST", "/images/" + options.image + "/versions", body_of_import(options)));
  const std::string ref = std::format("{}@{}", options.image, answer.value("version", 0U));
  TOBARI_ASSIGN(const std::string path, path_of_version(ref));
  if (options.wait) TOBARI_TRY(wait_for_import(portal, path));
  if (context.json) {
    TOBARI_ASSIGN(const Json version, portal.call("GET", path));
    std::println("{}", version.dump(2));
  } else {
    std::println("{}", ref);
  }
  return {};
}

// ---- what becomes of versions

Result<void> act_on_version(const Context& context, const std::string& ref, const char* what, const Json& body) {
  TOBARI_ASSIGN(const std::string path, path_of_version(ref));
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("POST", path + "/" + what, body));
  if (context.json) std::println("{}", answer.dump(2));
  return {};
}

Result<void> roll_back(const Context& context, const std::string& name) {
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const Json answer, portal.call("POST", "/images/" + name + "/roll-back"));
  if (context.json) {
    std::println("{}", answer.dump(2));
  } else {
    std::println("{}@{}", name, answer.value("version", 0U));
  }
  return {};
}

Result<void> pin(const Context& context, const ImageOptions& options) {
  TOBARI_ASSIGN(const std::string path, path_of_version(options.image));
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string pool, find_pool(portal, options.pool));
  TOBARI_TRY(portal.call("PUT", path + "/pools/" + pool));
  return {};
}

Result<void> unpin(const Context& context, const ImageOptions& options) {
  const auto ref = parse_image_ref(options.image);
  if (!ref) return fail(Errc::kInvalidArgument, "name an image");
  TOBARI_ASSIGN(Portal portal, context.open());
  TOBARI_ASSIGN(const std::string pool, find_pool(portal, options.pool));
  TOBARI_TRY(portal.call("DELETE", "/images/" + ref->name + "/pools/" + pool));
  return {};
}

// ---- arguments

using Options = std::shared_ptr<ImageOptions>;

void add_import(CLI::App& group, Context& context, const Options& options) {
  CLI::App* command = group.add_subcommand("import", "a new version, made from a file on a host");
  command->add_option("image", options->image, "its name, 1-64 of a-z 0-9 . _ -")->required();
  command->add_option("--host", options->host, "the host that has the file")->required();
  command->add_option("--file", options->file, "its name in the host's imports_dir")->required();
  command->add_option("--format", options->format, "raw, qcow2, vmdk, vdi, vhd, vhdx, ova, iso or tobari")->required();
  command->add_option("--firmware", options->firmware, "bios or uefi; default: what the file says, else bios");
  command->add_option("--devices", options->devices,
                      "full (default) or paravirtualized: virtio, for systems that know it");
  command->add_option("--min-memory", options->memory_mib, "least memory of its desktops, MiB");
  command->add_option("--disk-gib", options->disk_gib, "of an iso: size of the empty disk beside it");
  command->add_option("--notes", options->notes, "for people");
  command->add_flag("--agent", options->agent, "its system has Tobari's agent");
  command->add_flag("--drivers", options->drivers, "virt-v2v on the host installs drivers of paravirtualized devices");
  command->add_flag("--wait", options->wait, "until it is ready, showing how far it is");
  command->callback(
      [options, &context] { context.run = [options, &context] { return import_image(context, *options); }; });
}

void add_version_act(CLI::App& group, Context& context, const Options& options, const char* what, const char* help) {
  CLI::App* act = group.add_subcommand(what, help);
  act->add_option("image", options->image, "NAME@VERSION")->required();
  if (std::string_view(what) == "publish") {
    act->add_flag("--now", options->now, "also when not every host has it yet");
  }
  act->callback([options, what, &context] {
    context.run = [options, what, &context] {
      const Json body = options->now ? Json{{"now", true}} : Json(nullptr);
      return act_on_version(context, options->image, what, body);
    };
  });
}

void add_pinning(CLI::App& group, Context& context, const Options& options) {
  CLI::App* pinning = group.add_subcommand("pin", "a pool stays with this version whatever is published");
  pinning->add_option("image", options->image, "NAME@VERSION")->required();
  pinning->add_option("--pool", options->pool, "its name or id")->required();
  pinning->callback([options, &context] { context.run = [options, &context] { return pin(context, *options); }; });
  CLI::App* unpinning = group.add_subcommand("unpin", "a pool follows what is published again");
  unpinning->add_option("image", options->image, "NAME")->required();
  unpinning->add_option("--pool", options->pool, "its name or id")->required();
  unpinning->callback([options, &context] { context.run = [options, &context] { return unpin(context, *options); }; });
}

}  // namespace

void add_image_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand(
      "images", "the catalogue of images: list, show, import, publish, pin, unpin, roll-back, retire, verify");
  group->require_subcommand(1);
  group->add_subcommand("list", "every version")->callback([&context] {
    context.run = [&context] { return list_images(context); };
  });
  const auto options = std::make_shared<ImageOptions>();
  CLI::App* show = group->add_subcommand("show", "an image, or one version: digest, signature, hosts, progress");
  show->add_option("image", options->image, "NAME or NAME@VERSION")->required();
  show->callback(
      [options, &context] { context.run = [options, &context] { return show_image(context, options->image); }; });
  add_import(*group, context, options);
  add_version_act(*group, context, options, "publish", "new desktops are made from it; others move to it at log-off");
  add_version_act(*group, context, options, "retire",
                  "nothing is made from it any more; hosts remove it when they can");
  add_version_act(*group, context, options, "verify", "every host reads its files again and compares digests");
  CLI::App* back = group->add_subcommand("roll-back", "publish the version that was published before");
  back->add_option("image", options->image, "NAME")->required();
  back->callback(
      [options, &context] { context.run = [options, &context] { return roll_back(context, options->image); }; });
  add_pinning(*group, context, options);
}

}  // namespace tobari::cli
