// SPDX-License-Identifier: GPL-3.0-or-later
// Many networks, asked at once which of them hold an address: a look-up for each length of prefix that occurs, however
// many networks there are. Part of RuleIndex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <tobari/policy/ip_network.h>

namespace tobari::policy {

class NetworkTable {
 public:
  using Number = std::uint32_t;

  // From 0 up; the same for equal networks.
  Number number_of(const IpNetwork& network);
  [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }
  // Those that hold it, the widest first.
  [[nodiscard]] std::vector<Number> holding(const IpAddress& address) const;

 private:
  struct Hash {
    [[nodiscard]] std::size_t operator()(const IpNetwork& network) const noexcept;
  };
  std::unordered_map<IpNetwork, Number, Hash> numbers_;
  std::vector<std::uint8_t> prefixes_;  // that occur, ascending
};

}  // namespace tobari::policy
