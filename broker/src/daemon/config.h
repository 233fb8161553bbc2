// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration file of tobari-broker (docs/ARCHITECTURE.md, Programs and their files).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/log.h>
#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

#include "daemon/device_authorities.h"
#include "store/database.h"

namespace tobari::broker {

struct Config {
  net::Endpoint listen;                   // HTTPS, for clients
  net::Endpoint nodes_listen;             // gRPC, for hosts and gateways
  net::Endpoint gateway_address;          // where clients are sent to
  std::vector<std::string> public_names;  // host names and addresses that the portal's certificate is made for
  std::filesystem::path state_dir;
  std::filesystem::path policy;
  bool two_people = false;              // policy_changes: they need two administrators
  std::filesystem::path recording_key;  // public; else state_dir/recording.pub, when it is there
  log::Level log_level = log::Level::kInfo;
  std::optional<Database> postgres;                          // instead of state_dir/tobari.db
  std::optional<net::Endpoint> metrics_listen = {};          // metrics and health over HTTP; none: not served
  std::vector<DeviceAuthorityFile> device_authorities = {};  // who signs devices' certificates; none: not asked for

  [[nodiscard]] Database database() const { return postgres.value_or(Database::sqlite(state_dir / "tobari.db")); }
  [[nodiscard]] std::filesystem::path recording_public() const {
    return recording_key.empty() ? state_dir / "recording.pub" : recording_key;
  }
  [[nodiscard]] std::filesystem::path recording_secret() const { return state_dir / "recording.key"; }
};

// Errors name the file and, where there is one, the key.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file);

}  // namespace tobari::broker
