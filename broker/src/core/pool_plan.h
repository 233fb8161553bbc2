// SPDX-License-Identifier: GPL-3.0-or-later
// What a pool does with its desktops over the week: when it is open, what becomes of those that nobody uses, of those
// that crash, and of its users' own disks. Kept with the pool as text (Pool::plan), which is JSON and none of the
// store's concern. docs/POOLS.md is written for who fills it in. Pure.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/weekly.h>

#include "core/types.h"

namespace tobari::broker {

inline constexpr std::size_t kMaxPlanBytes = std::size_t{16} << 10;
inline constexpr std::size_t kMaxPlanHours = 32;
inline constexpr std::size_t kMaxPlanHolidays = 1000;
inline constexpr std::chrono::minutes kMaxPlanLead{4 * 60};
inline constexpr std::chrono::seconds kMinPlanTime{10};
inline constexpr std::chrono::seconds kMaxPlanTime{std::chrono::days(30)};
inline constexpr std::uint32_t kMaxPlanSpares = 10'000;
inline constexpr std::uint32_t kMaxCrashRestarts = 100;
inline constexpr std::uint32_t kMaxUserDiskGib = 4096;

// What becomes of a desktop that nobody uses. Deleted: a spare; of a user's it is a stop.
enum class Unused : std::uint8_t { kKeep, kSuspend, kSave, kStop, kDelete };
// What its host does when a desktop's VM ends by itself.
enum class OnCrash : std::uint8_t { kRestart, kLeave };

struct PlanHours {
  std::bitset<7> days{};         // 0: Sunday
  std::chrono::minutes from{0};  // as policy::Window has it
  std::chrono::minutes until{0};
  friend bool operator==(const PlanHours&, const PlanHours&) = default;
};

struct PlanDisk {
  std::string name;  // users have one of each name; pools that name the same one share it. Empty: no disk
  UserDiskKind kind = UserDiskKind::kDisk;
  std::uint32_t size_gib = 0;
  std::string storage{};  // of several hosts, by its name in their configuration; empty: on one host
  friend bool operator==(const PlanDisk&, const PlanDisk&) = default;
};

struct PoolPlan {
  // Open at these times, and at no time of a holiday; without any: always.
  std::string zone{};  // IANA: "Asia/Tokyo"
  std::vector<PlanHours> hours{};
  policy::Calendar holidays{};      // sorted
  std::chrono::minutes lead{0};     // spares are warm, and desktops woken, so long before it opens
  std::uint32_t closed_spares = 0;  // that stay warm while it is closed
  Unused closed = Unused::kKeep;    // the others, and users' desktops without a client
  std::chrono::seconds closed_after = std::chrono::minutes(15);  // without a client for so long
  bool wake = false;  // what was put to rest at closing time is started when the pool opens

  // At any time: users' desktops that had no client for so long. Zero: never.
  std::chrono::seconds idle_after{0};
  Unused idle = Unused::kKeep;  // not kDelete: Pool::keep is for that

  bool stop_at_log_off = false;  // of what is not deleted then: dedicated and manual ones
  OnCrash on_crash = OnCrash::kRestart;
  std::uint32_t crash_restarts = 0;  // so many within ten minutes, then it has failed; 0: the host's own number
  bool renew_failed = false;         // floating: who asks for one that has failed gets another

  PlanDisk disk{};
};

// kInvalidArgument with a sentence that names the member and says what to write. Empty text is the plan that does
// nothing.
[[nodiscard]] Result<PoolPlan> parse_pool_plan(std::string_view json);
// Canonical: without what is as in an empty plan; "" of one that does nothing.
[[nodiscard]] std::string to_text(const PoolPlan& plan);
// What cannot be with this pool's kind and sizes. kInvalidArgument.
[[nodiscard]] Result<void> check_plan(const PoolPlan& plan, const Pool& pool);
// For the audit, one line; empty of one that does nothing.
[[nodiscard]] std::string in_words(const PoolPlan& plan);

// Resolved by whoever may read files; a zone that is missing is one that this broker does not know.
using ZoneTable = std::map<std::string, std::shared_ptr<const policy::TimeZone>>;

enum class OpenState : std::uint8_t {
  kOpen,
  kLead,  // closed still, and about to open
  kClosed,
  kUnknown,  // the zone is: nothing is done by the clock
};
[[nodiscard]] OpenState opening_at(const PoolPlan& plan, const ZoneTable& zones, Time now);

}  // namespace tobari::broker
