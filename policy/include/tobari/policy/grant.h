// SPDX-License-Identifier: GPL-3.0-or-later
// What one session may do: a plain value, complete. A channel that it does not name does not exist. Made once when a
// session is opened, carried to the display process unchanged, never widened there.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/limits.h>

namespace tobari::policy {

struct ChannelGrant {
  std::string channel{};  // a name of the policy language: "clipboard.to_guest", "audio.play", ...
  std::string rule{};     // the first rule that allowed it
  Limits limits{};        // of all rules that allowed it
  friend bool operator==(const ChannelGrant&, const ChannelGrant&) = default;
};

struct Grant {
  std::string user{};
  std::string desktop_id{};
  std::vector<ChannelGrant> channels{};
  std::uint32_t max_monitors = 16;
  std::uint64_t max_pixels = std::uint64_t{16} * 3840 * 2160;  // of all monitors together
  std::chrono::seconds idle_timeout{0};                        // 0: none
  std::chrono::seconds absolute_timeout{0};                    // from the session's begin; 0: none
  bool visible_watermark = false;
  bool invisible_watermark = false;
  Recording recording = Recording::kNone;
  std::vector<std::string> notices{};  // shown before the desktop is, in this order

  [[nodiscard]] const ChannelGrant* find(std::string_view channel) const noexcept {
    for (const ChannelGrant& c : channels) {
      if (c.channel == channel) return &c;
    }
    return nullptr;
  }
  friend bool operator==(const Grant&, const Grant&) = default;
};

// For one session with several desktops: what every grant allows. A channel that all of them hold, with the rules that
// opened it; the smallest limits, and everything that any of them owes. User and desktop are the first one's. `grants`:
// at least one, of one user.
[[nodiscard]] Grant narrowest(std::span<const Grant> grants);

}  // namespace tobari::policy
