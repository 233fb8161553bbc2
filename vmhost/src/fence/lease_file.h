// SPDX-License-Identifier: GPL-3.0-or-later
// What the agent leaves for the watchdog, and for its own next life: which desktops may run, and until when. One file,
// replaced whole; what another life of the machine left is nothing, because its clock was another one.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

struct LeaseNote {
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  using Time = std::chrono::nanoseconds;  // CLOCK_BOOTTIME

  std::string boot;              // which life of the machine
  Time until{0};                 // the lease
  std::set<DesktopId> always{};  // nobody can have these elsewhere: they run without a lease
  std::set<DesktopId> leased{};  // these may run until then; any other desktop may not be let go on by the watchdog
  friend bool operator==(const LeaseNote&, const LeaseNote&) = default;

  // Whether the watchdog may let it go on.
  [[nodiscard]] bool may_run(const DesktopId& id, Time now) const {
    return always.contains(id) || (now < until && leased.contains(id));
  }
};

[[nodiscard]] std::string to_text(const LeaseNote& note);
[[nodiscard]] Result<LeaseNote> parse_lease_note(std::string_view text);

// Of this life of the machine.
[[nodiscard]] Result<std::string> boot_id();
[[nodiscard]] LeaseNote::Time boot_time() noexcept;

// Old content or new content, never a mixture; it need not survive a power cut, so no disk is waited for.
[[nodiscard]] Result<void> write_lease_note(const std::filesystem::path& file, const LeaseNote& note);
// kNotFound: there is none, or it is of another life of the machine.
[[nodiscard]] Result<LeaseNote> read_lease_note(const std::filesystem::path& file, std::string_view boot);

// The watchdog of this file; kAlreadyExists: there is one already. Held for as long as the descriptor is open.
[[nodiscard]] Result<UniqueFd> become_watchdog(const std::filesystem::path& file);
[[nodiscard]] bool has_watchdog(const std::filesystem::path& file);

}  // namespace tobari::vmhost
