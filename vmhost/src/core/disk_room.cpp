// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/disk_room.h"

#include <algorithm>
#include <format>
#include <utility>

namespace tobari::vmhost {
namespace {

constexpr std::uint64_t kMostCounted = ~std::uint64_t{0} >> 8U;  // sums of such numbers do not overflow

std::unexpected<Error> no_room(std::string what) { return fail(Errc::kExhausted, std::move(what)); }

std::uint64_t may_be_promised(const RoomRules& rules, const RoomUse& use) {
  const bool limited = rules.quota_bytes != 0 && rules.quota_bytes < use.capacity_bytes;
  const std::uint64_t there = limited ? rules.quota_bytes : use.capacity_bytes;
  return there / 100 * rules.overcommit_percent;
}

}  // namespace

std::string in_gib(std::uint64_t bytes) {
  return std::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << 30U));
}

Result<void> check_room(std::string_view place, const RoomRules& rules, const RoomUse& use, std::uint64_t bytes,
                        std::uint64_t grows_to) {
  bytes = std::min(bytes, kMostCounted);
  grows_to = std::min(grows_to, kMostCounted);
  if (use.free_bytes < bytes || use.free_bytes - bytes < rules.keep_free_bytes) {
    return no_room(
        std::format("no room: {} is full: {} are needed, {} are free, {} of them are kept free (keep_free_gib)", place,
                    in_gib(bytes), in_gib(use.free_bytes), in_gib(rules.keep_free_bytes)));
  }
  if (rules.quota_bytes != 0 && use.used_bytes + bytes > rules.quota_bytes) {
    return no_room(std::format("no room in {}: {} are needed, {} of a quota of {} are used", place, in_gib(bytes),
                               in_gib(use.used_bytes), in_gib(rules.quota_bytes)));
  }
  if (rules.overcommit_percent != 0 && use.promised_bytes + grows_to > may_be_promised(rules, use)) {
    return no_room(
        std::format("no room in {}: its disks may grow to {}, which with {} more is beyond {} % of what there is "
                    "(disks_overcommit_percent)",
                    place, in_gib(use.promised_bytes), in_gib(grows_to), rules.overcommit_percent));
  }
  return {};
}

std::string why_no_room(std::string_view place, const RoomRules& rules, const RoomUse& use) {
  const auto checked = check_room(place, rules, use, 0, 0);
  if (!checked) return checked.error().message;
  if (rules.quota_bytes != 0 && use.used_bytes >= rules.quota_bytes) {
    return std::format("no room in {}: its quota of {} is used up", place, in_gib(rules.quota_bytes));
  }
  return {};
}

}  // namespace tobari::vmhost
