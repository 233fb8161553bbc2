// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <array>
#include <string_view>

#include <tobari/config/config_file.h>

namespace tobari::broker {
namespace {

constexpr std::array<std::string_view, 11> kKeys{"listen",        "nodes_listen", "gateway_address", "public_names",
                                                 "state_dir",     "database",     "policy",          "policy_changes",
                                                 "recording_key", "log_level",    "metrics_listen"};

Result<bool> two_people(const ConfigFile& written) {
  TOBARI_ASSIGN(const std::string text, written.text_or("policy_changes", "one_person"));
  if (text == "one_person" || text == "two_people") return text == "two_people";
  return fail(Errc::kInvalidArgument, "'policy_changes' must be one_person or two_people");
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const ConfigFile written, ConfigFile::load(file, kKeys));
  Config config;
  TOBARI_ASSIGN(config.listen, written.endpoint("listen"));
  TOBARI_ASSIGN(config.nodes_listen, written.endpoint("nodes_listen"));
  TOBARI_ASSIGN(config.gateway_address, written.endpoint("gateway_address"));
  TOBARI_ASSIGN(config.public_names, written.list("public_names"));
  TOBARI_ASSIGN(config.state_dir, written.text("state_dir"));
  TOBARI_ASSIGN(const std::string url, written.text_or("database", ""));
  if (!url.empty()) {
    auto parsed = Database::postgres(url);
    if (!parsed.has_value()) return context(std::move(parsed).error(), file.string());
    config.postgres = *std::move(parsed);
  }
  TOBARI_ASSIGN(config.policy, written.text("policy"));
  TOBARI_ASSIGN(config.two_people, two_people(written));
  TOBARI_ASSIGN(config.recording_key, written.text_or("recording_key", ""));
  TOBARI_ASSIGN(config.log_level, written.log_level_or("log_level", config.log_level));
  TOBARI_ASSIGN(config.metrics_listen, written.loopback_endpoint("metrics_listen"));
  return config;
}

}  // namespace tobari::broker
