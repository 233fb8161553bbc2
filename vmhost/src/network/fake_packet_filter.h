// SPDX-License-Identifier: GPL-3.0-or-later
// A PacketFilter in memory, with the real one's limits.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "network/packet_filter.h"

namespace tobari::vmhost {

class FakePacketFilter final : public PacketFilter {
 public:
  Result<void> set(const Networks& networks, const Surroundings& around, const Addresses& addresses) override {
    const std::scoped_lock lock(mutex_);
    if (next_error_) return std::unexpected(*std::exchange(next_error_, std::nullopt));
    auto rules = rules_;
    for (const auto& [id, network] : networks) {
      TOBARI_ASSIGN(std::string text, desktop_rules(id, network, around, addresses));
      rules[id] = {network, std::move(text)};
    }
    rules_ = std::move(rules);
    ++sets_;
    return {};
  }
  Result<void> remove(const DesktopId& id) override {
    const std::scoped_lock lock(mutex_);
    rules_.erase(id);
    return {};
  }
  Result<std::set<DesktopId>> list() override {
    const std::scoped_lock lock(mutex_);
    std::set<DesktopId> all;
    for (const auto& [id, rules] : rules_) all.insert(id);
    return all;
  }

  // ---- for tests
  void flush() {  // somebody empties the host's tables
    const std::scoped_lock lock(mutex_);
    rules_.clear();
  }
  void fail_next_set(Error error) {
    const std::scoped_lock lock(mutex_);
    next_error_ = std::move(error);
  }
  [[nodiscard]] std::optional<policy::DesktopNetwork> network(const DesktopId& id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = rules_.find(id);
    return found == rules_.end() ? std::nullopt : std::optional(found->second.first);
  }
  [[nodiscard]] std::string text(const DesktopId& id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = rules_.find(id);
    return found == rules_.end() ? "" : found->second.second;
  }
  [[nodiscard]] int sets() const {
    const std::scoped_lock lock(mutex_);
    return sets_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<DesktopId, std::pair<policy::DesktopNetwork, std::string>> rules_;
  std::optional<Error> next_error_;
  int sets_ = 0;
};

}  // namespace tobari::vmhost
