// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <tobari/config/config_file.h>

namespace tobari::broker {
namespace {

constexpr std::array<std::string_view, 12> kKeys{
    "listen", "nodes_listen",   "gateway_address", "public_names", "state_dir",      "database",
    "policy", "policy_changes", "recording_key",   "log_level",    "metrics_listen", "device_authorities"};
constexpr std::array<std::string_view, 2> kAuthorityKeys{"name", "file"};

Result<bool> two_people(const ConfigFile& written) {
  TOBARI_ASSIGN(const std::string text, written.text_or("policy_changes", "one_person"));
  if (text == "one_person" || text == "two_people") return text == "two_people";
  return fail(Errc::kInvalidArgument, "'policy_changes' must be one_person or two_people");
}

Result<std::vector<DeviceAuthorityFile>> device_authorities(const ConfigFile& written) {
  TOBARI_ASSIGN(const auto records,
                written.records("device_authorities", kAuthorityKeys, DeviceCertificates::kMaxAuthorities));
  std::vector<DeviceAuthorityFile> all;
  for (const std::vector<std::string>& record : records) {
    if (record[0].size() > policy::kMaxNameLength) {
      return written.wrong("device_authorities", "has a name of more than 128 bytes, which no rule can say");
    }
    if (std::ranges::contains(all, record[0], &DeviceAuthorityFile::name)) {
      return written.wrong(
          "device_authorities",
          "has '" + record[0] + "' twice; put all its certificates into one file, or name it otherwise");
    }
    all.push_back({.name = record[0], .file = record[1]});
    if (!all.back().file.is_absolute()) {
      return written.wrong("device_authorities", "needs an absolute path as file of '" + record[0] + "'");
    }
  }
  return all;
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
  TOBARI_ASSIGN(config.device_authorities, device_authorities(written));
  return config;
}

}  // namespace tobari::broker
