// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <format>
#include <unistd.h>
#include <utility>

#include <tobari/config/config_file.h>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxNameLength = 63;
constexpr std::uint32_t kMaxDays = 36'500;
constexpr std::uint32_t kLeastDisplayMemoryMib = 128;
constexpr std::uint32_t kLeastDisplayCpuPercent = 10;
// state_dir + "/agents/<uuid>.sock" must fit a socket address (108 bytes with its end).
constexpr std::size_t kMaxStateDirLength = 107 - 8 - 36 - 5;

constexpr std::array<std::string_view, 20> kKeys{"broker",
                                                 "identity_dir",
                                                 "state_dir",
                                                 "images_dir",
                                                 "libvirt_uri",
                                                 "front_listen",
                                                 "front_address",
                                                 "log_level",
                                                 "name",
                                                 "accelerator",
                                                 "vm_user",
                                                 "first_display_uid",
                                                 "display_program",
                                                 "display_memory_mib",
                                                 "display_cpu_percent",
                                                 "display_socket",
                                                 "recordings_dir",
                                                 "recordings_max_gib",
                                                 "recordings_keep_days",
                                                 "recordings_hold_days"};

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

Result<void> read_recordings(const ConfigFile& written, Config& config) {
  config.recordings_dir = config.state_dir / "recordings";
  if (written.has("recordings_dir")) {
    TOBARI_ASSIGN(config.recordings_dir, written.folder("recordings_dir"));
  }
  TOBARI_ASSIGN(config.recordings_max_gib, written.number_or("recordings_max_gib", 0));
  TOBARI_ASSIGN(config.recordings_keep_days, written.number_or("recordings_keep_days", 0));
  TOBARI_ASSIGN(config.recordings_hold_days, written.number_or("recordings_hold_days", 0));
  if (config.recordings_keep_days != 0 && config.recordings_keep_days < config.recordings_hold_days) {
    return written.wrong("recordings_keep_days", "must not be less than recordings_hold_days, or 0: for ever");
  }
  for (const auto& [key, days] : {std::pair("recordings_keep_days", config.recordings_keep_days),
                                  std::pair("recordings_hold_days", config.recordings_hold_days)}) {
    if (days > kMaxDays) return written.wrong(key, std::format("is more than {} days", kMaxDays));
  }
  return {};
}

Result<void> read_optional(const ConfigFile& written, Config& config) {
  TOBARI_ASSIGN(config.libvirt_uri, written.text_or("libvirt_uri", config.libvirt_uri));
  TOBARI_ASSIGN(config.log_level, written.log_level_or("log_level", config.log_level));
  TOBARI_ASSIGN(config.name, written.text_or("name", machine_name()));
  if (!is_name(config.name)) return written.wrong("name", "must be 1 to 63 of a-z, 0-9 and -");
  TOBARI_ASSIGN(config.accelerator, written.text_or("accelerator", config.accelerator));
  if (config.accelerator != "auto" && config.accelerator != "kvm" && config.accelerator != "tcg") {
    return written.wrong("accelerator", "must be auto, kvm or tcg");
  }
  TOBARI_ASSIGN(config.vm_user, written.text_or("vm_user", config.vm_user));
  TOBARI_ASSIGN(config.first_display_uid, written.number_or("first_display_uid", config.first_display_uid));
  TOBARI_ASSIGN(config.display_memory_mib, written.number_or("display_memory_mib", config.display_memory_mib));
  if (config.display_memory_mib < kLeastDisplayMemoryMib) {
    return written.wrong("display_memory_mib", std::format("must be at least {}", kLeastDisplayMemoryMib));
  }
  TOBARI_ASSIGN(config.display_cpu_percent, written.number_or("display_cpu_percent", config.display_cpu_percent));
  if (config.display_cpu_percent < kLeastDisplayCpuPercent) {
    return written.wrong("display_cpu_percent", std::format("must be at least {}", kLeastDisplayCpuPercent));
  }
  return read_recordings(written, config);
}

Result<Config> read(const ConfigFile& written) {
  Config config;
  TOBARI_TRY(written.endpoint("broker"));
  TOBARI_ASSIGN(config.broker, written.text("broker"));
  TOBARI_ASSIGN(config.identity_dir, written.folder("identity_dir"));
  TOBARI_ASSIGN(config.state_dir, written.folder("state_dir"));
  if (config.state_dir.string().size() > kMaxStateDirLength) {
    return written.wrong("state_dir", std::format("is longer than {} characters", kMaxStateDirLength));
  }
  TOBARI_ASSIGN(config.images_dir, written.folder("images_dir"));
  TOBARI_ASSIGN(config.front_listen, written.endpoint("front_listen"));
  config.front_address = config.front_listen;
  if (written.has("front_address")) {
    TOBARI_ASSIGN(config.front_address, written.endpoint("front_address"));
  }
  if (written.has("display_program") == written.has("display_socket")) {
    return written.wrong("display_program", "or display_socket is needed, one of them");
  }
  TOBARI_ASSIGN(config.display_program, written.text_or("display_program", {}));
  TOBARI_ASSIGN(config.display_socket, written.text_or("display_socket", {}));
  TOBARI_TRY(read_optional(written, config));
  return config;
}

}  // namespace

Result<Config> parse_config(const std::string& yaml) {
  TOBARI_ASSIGN(const ConfigFile written, ConfigFile::parse(yaml, "vmhost.yaml", kKeys));
  return read(written);
}

Result<Config> load_config(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const ConfigFile written, ConfigFile::load(file, kKeys));
  return read(written);
}

}  // namespace tobari::vmhost
