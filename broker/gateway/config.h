// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration file of tobari-gateway (docs/ARCHITECTURE.md, Programs and their files).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <tobari/base/log.h>
#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

namespace tobari::gateway {

struct Config {
  net::Endpoint listen;  // numeric address
  std::string broker;    // ADDRESS:PORT of the broker's node port; of several: node::target_of()
  std::filesystem::path identity_dir;
  log::Level log_level = log::Level::kInfo;
  std::optional<net::Endpoint> metrics_listen = {};  // metrics and health over HTTP; none: not served
};

// Errors name the file and, where there is one, the key.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file);

}  // namespace tobari::gateway
