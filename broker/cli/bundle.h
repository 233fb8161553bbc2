// SPDX-License-Identifier: GPL-3.0-or-later
// What a support archive is made of. Everything that is added passes redacted(); what cannot be had is an entry that
// says why, so that an archive of a broken deployment is one too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

#include "portal.h"

namespace tobari::cli {

class Bundle {
 public:
  explicit Bundle(std::uint64_t seconds) : seconds_(seconds) {}

  void add(const std::string& name, std::string_view text);
  void add_or_why(const std::string& name, const Result<std::string>& text);
  void add_config(const std::string& name, std::string_view yaml);

  struct Entry {
    std::string name;
    std::string content;
    std::string missing;  // why it is not there
  };
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  // The tar archive, with a README that lists the entries.
  [[nodiscard]] std::string archive() const;

 private:
  const std::uint64_t seconds_;  // since 1970: now
  std::vector<Entry> entries_;
};

struct BundleSources {
  std::vector<std::filesystem::path> configs;  // of the daemons of this machine
  std::vector<std::filesystem::path> logs;     // files; besides the journal
  std::vector<net::Endpoint> status;           // metrics and health, besides those that the configurations name
  std::uint32_t hours = 24;                    // of the journal
};

// Of this machine: versions, configurations, logs, health and metrics.
void collect_machine(const BundleSources& sources, Bundle& bundle);
// Of the deployment, as the broker says to an administrator: hosts, pools, counts, policy, whether the audit is whole.
void collect_deployment(Portal& portal, Bundle& bundle);

}  // namespace tobari::cli
