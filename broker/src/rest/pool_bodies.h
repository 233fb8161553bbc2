// SPDX-License-Identifier: GPL-3.0-or-later
// The bodies and queries of requests about pools, hosts and placement, checked. Pure; fuzzed as bodies.h is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

inline constexpr std::size_t kMaxPools = 1000;
inline constexpr std::size_t kMaxPoolLabels = 16;
inline constexpr std::uint32_t kMaxPoolHeads = 16;
inline constexpr std::chrono::seconds kMaxKeep = std::chrono::days(30);
inline constexpr std::chrono::seconds kDefaultKeep = std::chrono::hours(4);

// What is left out stays as it is.
struct PoolChange {
  std::optional<std::string> name;
  std::optional<std::string> image;
  std::optional<Machine> machine;
  std::optional<Renewal> renewal;
  std::optional<std::uint32_t> vcpus;
  std::optional<std::uint32_t> memory_mib;
  std::optional<std::uint32_t> heads;
  std::optional<std::vector<std::string>> labels;
  std::optional<std::uint32_t> min;
  std::optional<std::uint32_t> max;
  std::optional<std::uint32_t> spares;
  std::optional<std::uint32_t> keep_seconds;
  std::optional<bool> open;
  std::optional<std::string> plan;  // as Pool::plan
};

[[nodiscard]] Result<Pool> parse_new_pool(std::string_view body);  // without an id
[[nodiscard]] Result<PoolChange> parse_pool_change(std::string_view body);
// kInvalidArgument: together its values make no pool of its kind.
[[nodiscard]] Result<Pool> changed(Pool pool, const PoolChange& change);

// To whom a desktop goes that is put into a pool; empty: whose it is. An empty body is an empty object.
[[nodiscard]] Result<std::string> parse_put_in_pool(std::string_view body);
struct ModeOfHost {
  HostMode mode = HostMode::kReady;
  bool move = false;  // floating desktops end after `notice`
  std::chrono::seconds notice{};
  std::string text;
};
[[nodiscard]] Result<ModeOfHost> parse_mode_of_host(std::string_view body);
struct EndBody {
  std::chrono::seconds notice{};
  bool stop = false;
  std::string text;
};
[[nodiscard]] Result<EndBody> parse_end(std::string_view body);  // an empty body is an empty object

// "after=NAME&client=KIND", each at most once.
struct DesktopsQuery {
  std::string after;
  std::string client;  // as in a connect
};
[[nodiscard]] Result<DesktopsQuery> parse_desktops_query(std::string_view query);

// "pool=NAME&user=NAME"
struct PlacementQuery {
  std::string pool;
  std::string user;  // may be empty
};
[[nodiscard]] Result<PlacementQuery> parse_placement_query(std::string_view query);

}  // namespace tobari::broker
