// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace tobari::broker {
namespace {

constexpr std::array<std::string_view, 7> kKeys{"listen",    "nodes_listen", "gateway_address", "public_names",
                                                "state_dir", "policy",       "log_level"};
constexpr std::uintmax_t kMaxConfigBytes = std::uintmax_t{64} * 1024;
constexpr std::size_t kMaxPublicNames = 64;

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
    return fail(Errc::kInvalidArgument, std::format("line {}: {}", e.mark.line + 1, e.msg));
  }
}

Result<void> refuse_unknown_keys(const YAML::Node& root) {
  for (const auto& entry : root) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    if (std::ranges::find(kKeys, key) != kKeys.end()) continue;
    std::string known;
    for (const std::string_view word : kKeys) known += std::string(known.empty() ? "" : ", ").append(word);
    return fail(Errc::kInvalidArgument, std::format("unknown key '{}'; known are {}", key, known));
  }
  return {};
}

Result<std::string> text(const YAML::Node& root, const char* key) {
  const YAML::Node value = root[key];
  if (!value || !value.IsScalar() || value.Scalar().empty()) {
    return fail(Errc::kInvalidArgument, std::format("key '{}' is missing", key));
  }
  return value.Scalar();
}

Result<net::Endpoint> endpoint(const YAML::Node& root, const char* key) {
  TOBARI_ASSIGN(const std::string value, text(root, key));
  auto parsed = net::parse_endpoint(value);
  if (!parsed.has_value()) return context(std::move(parsed).error(), std::format("key '{}'", key));
  return parsed;
}

Result<std::vector<std::string>> names(const YAML::Node& root, const char* key) {
  const YAML::Node list = root[key];
  std::vector<std::string> found;
  if (list && list.IsSequence() && list.size() <= kMaxPublicNames) {
    for (const YAML::Node& name : list) {
      if (name.IsScalar() && !name.Scalar().empty()) found.push_back(name.Scalar());
    }
  }
  if (found.empty() || found.size() != list.size()) {
    return fail(Errc::kInvalidArgument,
                std::format("key '{}' must list 1 to {} host names or addresses", key, kMaxPublicNames));
  }
  return found;
}

Result<Config> read(const YAML::Node& root) {
  TOBARI_TRY(refuse_unknown_keys(root));
  Config config;
  TOBARI_ASSIGN(config.listen, endpoint(root, "listen"));
  TOBARI_ASSIGN(config.nodes_listen, endpoint(root, "nodes_listen"));
  TOBARI_ASSIGN(config.gateway_address, endpoint(root, "gateway_address"));
  TOBARI_ASSIGN(config.public_names, names(root, "public_names"));
  TOBARI_ASSIGN(config.state_dir, text(root, "state_dir"));
  TOBARI_ASSIGN(config.policy, text(root, "policy"));
  if (root["log_level"]) {
    TOBARI_ASSIGN(const std::string level, text(root, "log_level"));
    TOBARI_ASSIGN(config.log_level, log::parse_level(level));
  }
  return config;
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file) {
  auto root = load_yaml(file);
  if (!root.has_value()) return context(std::move(root).error(), file.string());
  auto config = read(*root);
  if (!config.has_value()) return context(std::move(config).error(), file.string());
  return config;
}

}  // namespace tobari::broker
