// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <format>
#include <unistd.h>

#include <yaml-cpp/yaml.h>

#include "host/files.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxNameLength = 63;
// state_dir + "/agents/<uuid>.sock" must fit a socket address (108 bytes with its end).
constexpr std::size_t kMaxStateDirLength = 107 - 8 - 36 - 5;

constexpr std::array kKeys{"broker",       "identity_dir",  "state_dir",        "images_dir", "libvirt_uri",
                           "front_listen", "front_address", "display_program",  "log_level",  "name",
                           "accelerator",  "vm_user",       "first_display_uid"};

Result<std::string> text(const YAML::Node& root, const char* key) {
  const YAML::Node node = root[key];
  if (!node || !node.IsScalar() || node.Scalar().empty()) {
    return fail(Errc::kInvalidArgument, std::format("\"{}\" is missing", key));
  }
  return node.Scalar();
}

std::string text_or(const YAML::Node& root, const char* key, std::string otherwise) {
  const YAML::Node node = root[key];
  return node && node.IsScalar() ? node.Scalar() : otherwise;
}

Result<std::filesystem::path> folder(const YAML::Node& root, const char* key) {
  TOBARI_ASSIGN(const std::filesystem::path path, text(root, key));
  if (!path.is_absolute()) return fail(Errc::kInvalidArgument, std::format("\"{}\" must be an absolute path", key));
  return path;
}

Result<net::Endpoint> endpoint(const YAML::Node& root, const char* key) {
  TOBARI_ASSIGN(const std::string written, text(root, key));
  auto parsed = net::parse_endpoint(written);
  if (!parsed) return context(std::move(parsed).error(), std::format("\"{}\"", key));
  return parsed;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string machine_name() {
  std::array<char, 256> raw{};
  if (::gethostname(raw.data(), raw.size() - 1) != 0) return "host";
  std::string name;
  for (const char c : std::string_view(raw.data())) {
    if (c == '.') break;
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    name += is_name({lower}) ? lower : '-';
  }
  name.resize(std::min(name.size(), kMaxNameLength));
  return is_name(name) ? name : "host";
}

Result<void> check_keys(const YAML::Node& root) {
  if (!root.IsMap()) return fail(Errc::kInvalidArgument, "not a list of \"key: value\" lines");
  for (const auto& entry : root) {
    const std::string key = entry.first.Scalar();
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      return fail(Errc::kInvalidArgument,
                  std::format("unknown key \"{}\" in line {}", key, entry.first.Mark().line + 1));
    }
  }
  return {};
}

Result<void> read_optional(const YAML::Node& root, Config& config) {
  config.libvirt_uri = text_or(root, "libvirt_uri", config.libvirt_uri);
  config.log_level_name = text_or(root, "log_level", config.log_level_name);
  TOBARI_ASSIGN(config.log_level, log::parse_level(config.log_level_name));
  config.name = text_or(root, "name", machine_name());
  if (!is_name(config.name)) return fail(Errc::kInvalidArgument, "\"name\" must be 1 to 63 of a-z, 0-9 and -");
  config.accelerator = text_or(root, "accelerator", config.accelerator);
  if (config.accelerator != "auto" && config.accelerator != "kvm" && config.accelerator != "tcg") {
    return fail(Errc::kInvalidArgument, "\"accelerator\" must be auto, kvm or tcg");
  }
  config.vm_user = text_or(root, "vm_user", config.vm_user);
  if (const YAML::Node uid = root["first_display_uid"]) {
    if (!YAML::convert<std::uint32_t>::decode(uid, config.first_display_uid)) {
      return fail(Errc::kInvalidArgument, "\"first_display_uid\" must be a number");
    }
  }
  return {};
}

Result<Config> read(const YAML::Node& root) {
  TOBARI_TRY(check_keys(root));
  Config config;
  TOBARI_ASSIGN(config.broker, text(root, "broker"));
  TOBARI_TRY(net::parse_endpoint(config.broker));
  TOBARI_ASSIGN(config.identity_dir, folder(root, "identity_dir"));
  TOBARI_ASSIGN(config.state_dir, folder(root, "state_dir"));
  if (config.state_dir.string().size() > kMaxStateDirLength) {
    return fail(Errc::kInvalidArgument, std::format("\"state_dir\" is longer than {} characters", kMaxStateDirLength));
  }
  TOBARI_ASSIGN(config.images_dir, folder(root, "images_dir"));
  TOBARI_ASSIGN(config.front_listen, endpoint(root, "front_listen"));
  config.front_address = config.front_listen;
  if (root["front_address"]) {
    TOBARI_ASSIGN(config.front_address, endpoint(root, "front_address"));
  }
  TOBARI_ASSIGN(config.display_program, text(root, "display_program"));
  TOBARI_TRY(read_optional(root, config));
  return config;
}

}  // namespace

Result<Config> parse_config(const std::string& yaml) {
  try {
    return read(YAML::Load(yaml));
  } catch (const YAML::Exception& e) {
    return fail(Errc::kInvalidArgument, std::format("line {}: {}", e.mark.line + 1, e.msg));
  }
}

Result<Config> load_config(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const std::string yaml, read_small_file(file, kMaxConfigBytes));
  auto config = parse_config(yaml);
  if (!config) return context(std::move(config).error(), file.string());
  return config;
}

}  // namespace tobari::vmhost
