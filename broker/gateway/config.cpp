// SPDX-License-Identifier: GPL-3.0-or-later
#include "config.h"

#include <array>
#include <string_view>

#include <tobari/config/config_file.h>
#include <tobari/net/node_link.h>

namespace tobari::gateway {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"listen", "broker", "identity_dir", "log_level", "metrics_listen"};

// One, or a list: any of them knows where a token leads.
Result<std::string> broker_of(const ConfigFile& written) {
  if (!written.is_list("broker")) {
    TOBARI_TRY(written.endpoint("broker"));
    return written.text("broker");
  }
  TOBARI_ASSIGN(const auto brokers, written.list("broker"));
  auto target = node::target_of(brokers);
  if (!target) return written.wrong("broker", target.error().message);
  return target;
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const ConfigFile written, ConfigFile::load(file, kKeys));
  Config config;
  TOBARI_ASSIGN(config.listen, written.endpoint("listen"));
  TOBARI_ASSIGN(config.broker, broker_of(written));
  TOBARI_ASSIGN(config.identity_dir, written.text("identity_dir"));
  TOBARI_ASSIGN(config.log_level, written.log_level_or("log_level", config.log_level));
  TOBARI_ASSIGN(config.metrics_listen, written.loopback_endpoint("metrics_listen"));
  return config;
}

}  // namespace tobari::gateway
