// SPDX-License-Identifier: GPL-3.0-or-later
#include "config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace tobari::gateway {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"listen", "broker", "identity_dir", "log_level"};
constexpr std::uintmax_t kMaxConfigBytes = 64 * 1024;

// yaml-cpp throws; nothing of that leaves here.
Result<YAML::Node> load_yaml(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return fail(Errc::kNotFound, "cannot read the configuration: " + error.message());
  if (size > kMaxConfigBytes) return fail(Errc::kInvalidArgument, "a configuration has at most 64 KiB");
  try {
    YAML::Node root = YAML::LoadFile(file.string());
    if (!root.IsMap()) return fail(Errc::kInvalidArgument, "write the configuration as 'key: value' lines");
    return root;
  } catch (const YAML::Exception& e) {
    return fail(Errc::kInvalidArgument, "line " + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
}

Result<void> refuse_unknown_keys(const YAML::Node& root) {
  for (const auto& entry : root) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      return fail(Errc::kInvalidArgument,
                  "unknown key '" + key + "'; known are listen, broker, identity_dir, log_level");
    }
  }
  return {};
}

Result<std::string> text(const YAML::Node& root, const char* key) {
  const YAML::Node value = root[key];
  if (!value || !value.IsScalar() || value.Scalar().empty()) {
    return fail(Errc::kInvalidArgument, std::string("key '") + key + "' is missing");
  }
  return value.Scalar();
}

Result<Config> read(const YAML::Node& root) {
  TOBARI_TRY(refuse_unknown_keys(root));
  Config config;
  TOBARI_ASSIGN(const std::string listen, text(root, "listen"));
  TOBARI_ASSIGN(config.listen, net::parse_endpoint(listen));
  TOBARI_ASSIGN(config.broker, text(root, "broker"));
  TOBARI_TRY(net::parse_endpoint(config.broker));
  TOBARI_ASSIGN(config.identity_dir, text(root, "identity_dir"));
  if (root["log_level"]) {
    TOBARI_ASSIGN(const std::string level, text(root, "log_level"));
    TOBARI_ASSIGN(config.log_level, log::parse_level(level));
  }
  return config;
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file) {
  auto root = load_yaml(file);
  if (!root) return context(std::move(root).error(), file.string());
  auto config = read(*root);
  if (!config) return context(std::move(config).error(), file.string());
  return config;
}

}  // namespace tobari::gateway
