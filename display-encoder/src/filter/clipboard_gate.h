// SPDX-License-Identifier: GPL-3.0-or-later
// What of the clipboard may pass, in which direction: formats, sizes and rates of a grant. Bytes a day are counted over
// all sessions of a user, so not here (TransferLedger). Pure; the caller passes the time.
//
// Counted are the bytes of the plain form (display/clipboard.h). A transfer passes as a whole or not at all.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <tobari/base/result.h>
#include <tobari/display/clipboard.h>
#include <tobari/policy/grant.h>

namespace tobari::display {

enum class Direction : std::uint8_t { kToGuest, kFromGuest };
[[nodiscard]] constexpr std::string_view channel_of(Direction direction) noexcept {
  return direction == Direction::kToGuest ? "clipboard.to_guest" : "clipboard.from_guest";
}
// Some direction of it is open.
[[nodiscard]] bool grants_clipboard(const policy::Grant& grant) noexcept;

class ClipboardGate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = Time::duration;
  // A transfer that the rate holds back for longer is refused: whoever pastes has given up.
  static constexpr std::chrono::seconds kLongestWait{10};

  // Closed until it is given a grant. What has passed keeps counting for the rate.
  void set_grant(const policy::Grant& grant);

  [[nodiscard]] bool open(Direction direction) const noexcept { return limits(direction).has_value(); }
  // What of an offer the other side may be told.
  [[nodiscard]] policy::FormatSet passable(Direction direction, policy::FormatSet offered) const noexcept;
  // kPermissionDenied with the reason.
  [[nodiscard]] Result<void> may_ask(Direction direction, policy::Format format) const;
  // The largest content that could pass.
  [[nodiscard]] std::size_t most(Direction direction, policy::Format format) const noexcept;
  // May this pass, and after which wait? It counts from now on. kPermissionDenied, kExhausted with the reason.
  [[nodiscard]] Result<Duration> admit(Direction direction, policy::Format format, std::size_t bytes, Time now);

 private:
  struct Way {
    std::optional<policy::Limits> limits;  // none: closed
    Time full_at{};                        // when the rate's bucket, a second deep, is full again
  };
  [[nodiscard]] const std::optional<policy::Limits>& limits(Direction direction) const noexcept {
    return ways_[static_cast<std::size_t>(direction)].limits;
  }
  std::array<Way, 2> ways_;
};

}  // namespace tobari::display
