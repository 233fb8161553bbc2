// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <format>
#include <set>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <tobari/config/config_file.h>

#include "link/broker_lines.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxNameLength = 63;
constexpr std::uint32_t kMaxDays = 36'500;
constexpr std::uint32_t kLeastDisplayMemoryMib = 128;
constexpr std::uint32_t kLeastDisplayCpuPercent = 10;
constexpr std::uint32_t kLeastHoldSeconds = 5;
constexpr std::uint32_t kMostHoldSeconds = 300;  // keeper.proto
constexpr std::uint32_t kMostRestarts = 100;
// state_dir + "/agents/<uuid>.sock" must fit a socket address (108 bytes with its end).
constexpr std::size_t kMaxStateDirLength = 107 - 8 - 36 - 5;

constexpr std::size_t kMaxDeviceName = 15;  // IFNAMSIZ

// Beyond whatever belongs to somebody, and so that the last container's last user is one.
constexpr std::uint32_t kLeastContainerId = 100'000;
constexpr std::uint32_t kMostContainerId = 4'000'000'000;

constexpr std::uint32_t kMaxGib = 16U << 20U;
constexpr std::uint32_t kMaxOvercommitPercent = 100'000;

constexpr std::array<std::string_view, 44> kKeys{"broker",
                                                 "identity_dir",
                                                 "state_dir",
                                                 "images_dir",
                                                 "libvirt_uri",
                                                 "front_listen",
                                                 "front_address",
                                                 "log_level",
                                                 "metrics_listen",
                                                 "name",
                                                 "accelerator",
                                                 "vm_user",
                                                 "first_display_uid",
                                                 "display_program",
                                                 "display_memory_mib",
                                                 "display_cpu_percent",
                                                 "display_socket",
                                                 "keeper_program",
                                                 "keeper_socket",
                                                 "keeper_hold_seconds",
                                                 "desktop_restarts",
                                                 "recordings_dir",
                                                 "recordings_max_gib",
                                                 "recordings_keep_days",
                                                 "recordings_hold_days",
                                                 "user_disks_dir",
                                                 "user_disks_max_gib",
                                                 "user_storages",
                                                 "network",
                                                 "bridge",
                                                 "network_servers",
                                                 "management_networks",
                                                 "containers",
                                                 "container_uri",
                                                 "first_container_id",
                                                 "imports_dir",
                                                 "disks_dir",
                                                 "images_storage",
                                                 "disks_storage",
                                                 "images_max_gib",
                                                 "disks_max_gib",
                                                 "disks_overcommit_percent",
                                                 "keep_free_gib",
                                                 "import_uid"};

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

Result<void> read_restarts(const ConfigFile& written, Config& config) {
  if (written.has("keeper_program") && written.has("keeper_socket")) {
    return written.wrong("keeper_socket", "and keeper_program are two keepers; write one of them");
  }
  TOBARI_ASSIGN(config.keeper_program, written.text_or("keeper_program", {}));
  TOBARI_ASSIGN(config.keeper_socket, written.text_or("keeper_socket", {}));
  TOBARI_ASSIGN(config.keeper_hold_seconds, written.number_or("keeper_hold_seconds", config.keeper_hold_seconds));
  if (config.keeper_hold_seconds < kLeastHoldSeconds || config.keeper_hold_seconds > kMostHoldSeconds) {
    return written.wrong("keeper_hold_seconds", std::format("must be {} to {}", kLeastHoldSeconds, kMostHoldSeconds));
  }
  TOBARI_ASSIGN(config.desktop_restarts, written.number_or("desktop_restarts", config.desktop_restarts));
  if (config.desktop_restarts > kMostRestarts) {
    return written.wrong("desktop_restarts", std::format("must be at most {}", kMostRestarts));
  }
  return {};
}

Result<void> read_containers(const ConfigFile& written, Config& config) {
  TOBARI_ASSIGN(const std::string containers, written.text_or("containers", "off"));
  if (containers != "on" && containers != "off") return written.wrong("containers", "must be on or off");
  config.containers = containers == "on";
  TOBARI_ASSIGN(config.container_uri, written.text_or("container_uri", config.container_uri));
  TOBARI_ASSIGN(config.first_container_id, written.number_or("first_container_id", config.first_container_id));
  if (config.first_container_id < kLeastContainerId || config.first_container_id > kMostContainerId) {
    return written.wrong("first_container_id", std::format("must be {} to {}", kLeastContainerId, kMostContainerId));
  }
  return {};
}

Result<std::optional<StorageSpec>> read_storage(const ConfigFile& written, std::string_view key,
                                                const std::filesystem::path& folder) {
  if (!written.has(key)) return std::optional<StorageSpec>();
  TOBARI_ASSIGN(const std::string text, written.text(key));
  auto spec = parse_storage(text);
  if (!spec) return written.wrong(key, spec.error().message);
  if (!spec->has_files()) {
    return written.wrong(key, "must be dir or nfs: in volumes of lvm and rbd no images and disks are kept yet");
  }
  if (spec->kind == StorageKind::kFolder && std::filesystem::path(spec->source) != folder) {
    return written.wrong(key, std::format("must be dir {}, which is the folder that is used", folder.string()));
  }
  return std::optional(*std::move(spec));
}

Result<void> read_images(const ConfigFile& written, Config& config) {
  config.disks_dir = config.state_dir / "disks";
  if (written.has("disks_dir")) {
    TOBARI_ASSIGN(config.disks_dir, written.folder("disks_dir"));
  }
  if (written.has("imports_dir")) {
    TOBARI_ASSIGN(config.imports_dir, written.folder("imports_dir"));
  }
  if (config.disks_dir == config.images_dir) {
    return written.wrong("disks_dir", "must not be images_dir: images are shared, disks are not");
  }
  TOBARI_ASSIGN(config.images_storage, read_storage(written, "images_storage", config.images_dir));
  TOBARI_ASSIGN(config.disks_storage, read_storage(written, "disks_storage", config.disks_dir));
  for (const auto& [key, value, most] :
       {std::tuple("images_max_gib", &config.images_max_gib, kMaxGib),
        std::tuple("disks_max_gib", &config.disks_max_gib, kMaxGib),
        std::tuple("keep_free_gib", &config.keep_free_gib, kMaxGib),
        std::tuple("disks_overcommit_percent", &config.disks_overcommit_percent, kMaxOvercommitPercent)}) {
    TOBARI_ASSIGN(*value, written.number_or(key, *value));
    if (*value > most) return written.wrong(key, std::format("is more than {}", most));
  }
  TOBARI_ASSIGN(config.import_uid, written.number_or("import_uid", config.import_uid));
  return {};
}

Result<void> read_optional(const ConfigFile& written, Config& config) {
  TOBARI_ASSIGN(config.libvirt_uri, written.text_or("libvirt_uri", config.libvirt_uri));
  TOBARI_ASSIGN(config.log_level, written.log_level_or("log_level", config.log_level));
  TOBARI_ASSIGN(config.metrics_listen, written.loopback_endpoint("metrics_listen"));
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
  TOBARI_TRY(read_restarts(written, config));
  TOBARI_TRY(read_containers(written, config));
  TOBARI_TRY(read_images(written, config));
  return read_recordings(written, config);
}

// What nftables and libvirt take as it is.
bool is_word(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

// One, or a list of all: whatever a broker may decide about this host, each of them must have heard of it.
Result<std::vector<std::string>> read_brokers(const ConfigFile& written) {
  std::vector<std::string> brokers;
  if (written.is_list("broker")) {
    TOBARI_ASSIGN(brokers, written.list("broker"));
  } else {
    TOBARI_ASSIGN(brokers.emplace_back(), written.text("broker"));
  }
  if (brokers.size() > BrokerLines::kMostBrokers) {
    return written.wrong("broker", std::format("must be at most {} brokers", BrokerLines::kMostBrokers));
  }
  std::set<std::string> known;
  for (const std::string& each : brokers) {
    const auto parsed = net::parse_endpoint(each);
    if (!parsed) return written.wrong("broker", parsed.error().message);
    if (!known.insert(each).second) return written.wrong("broker", "has " + each + " twice");
  }
  return brokers;
}

// A broker that is written as a name is closed to desktops by its network only.
void close_to_desktops(const ConfigFile& written, NetworkOptions& options) {
  const auto brokers = read_brokers(written);
  if (!brokers) return;
  for (const std::string& each : *brokers) {
    const auto broker = net::parse_endpoint(each);
    if (!broker) continue;
    if (const auto address = policy::IpAddress::parse(broker->address)) options.always_closed.push_back(*address);
  }
}

Result<std::optional<NetworkOptions>> read_network(const ConfigFile& written) {
  NetworkOptions options;
  TOBARI_ASSIGN(options.network, written.text_or("network", ""));
  TOBARI_ASSIGN(options.bridge, written.text_or("bridge", ""));
  if (options.network.empty() && options.bridge.empty()) {
    for (const std::string_view key : {"network_servers", "management_networks"}) {
      if (written.has(key)) return written.wrong(key, "is about the network for desktops; write 'network' or 'bridge'");
    }
    return std::optional<NetworkOptions>();
  }
  if (!options.network.empty() && !options.bridge.empty()) {
    return written.wrong("bridge", "and 'network' are two networks; write one of them");
  }
  if (!options.network.empty() && !is_word(options.network, kMaxNameLength)) {
    return written.wrong("network", "is no name of a libvirt network: letters, digits, '-', '_' and '.'");
  }
  if (!options.bridge.empty() && !is_word(options.bridge, kMaxDeviceName)) {
    return written.wrong("bridge", "is no name of a network device");
  }
  if (written.has("network_servers")) {
    TOBARI_ASSIGN(const auto servers, written.list("network_servers"));
    for (const std::string& text : servers) {
      const auto address = policy::IpAddress::parse(text);
      if (!address || text.contains(':')) return written.wrong("network_servers", "must be IPv4 addresses");
      options.servers.push_back(*address);
    }
  } else if (!options.bridge.empty()) {
    return written.wrong("bridge", "needs 'network_servers': the addresses of its DHCP and DNS servers");
  }
  if (written.has("management_networks")) {
    TOBARI_ASSIGN(const auto networks, written.list("management_networks"));
    options.management.emplace();
    for (const std::string& text : networks) {
      const auto network = policy::IpNetwork::parse(text);
      if (!network) return written.wrong("management_networks", "must be networks like 10.1.0.0/16");
      options.management->push_back(*network);
    }
  }
  close_to_desktops(written, options);
  return std::optional(std::move(options));
}

Result<void> read_user_disks(const ConfigFile& written, Config& config) {
  static constexpr std::array<std::string_view, 2> kStorageFields{"name", "folder"};
  config.user_disks.folder = config.state_dir / "user-disks";
  if (written.has("user_disks_dir")) {
    TOBARI_ASSIGN(config.user_disks.folder, written.folder("user_disks_dir"));
  }
  TOBARI_ASSIGN(const std::uint32_t max_gib, written.number_or("user_disks_max_gib", 0));
  config.user_disks.max_gib = max_gib;
  TOBARI_ASSIGN(const auto storages, written.records("user_storages", kStorageFields, kMaxUserStorages));
  for (const auto& fields : storages) {
    const std::filesystem::path folder = fields[1];
    if (!is_name(fields[0])) return written.wrong("user_storages", "needs names of 1 to 63 of a-z, 0-9 and -");
    if (!folder.is_absolute()) return written.wrong("user_storages", "needs folders as absolute paths");
    if (!config.user_storages.emplace(fields[0], UserStorage{.folder = folder}).second) {
      return written.wrong("user_storages", "has a name twice");
    }
  }
  return {};
}

Result<Config> read(const ConfigFile& written) {
  Config config;
  TOBARI_ASSIGN(config.brokers, read_brokers(written));
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
  TOBARI_TRY(read_user_disks(written, config));
  TOBARI_ASSIGN(config.network, read_network(written));
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
