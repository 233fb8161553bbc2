// SPDX-License-Identifier: GPL-3.0-or-later
// The channels that most cases ask about, and a rule that allows one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {

inline constexpr ChannelIndex kConnect = find_channel("connect").value();
inline constexpr ChannelIndex kPaste = find_channel("clipboard.to_guest").value();
inline constexpr ChannelIndex kPlay = find_channel("audio.play").value();

inline Rule allow(const char* name, ChannelIndex what, std::vector<std::string> users = {}) {
  return {.name = name, .effect = Effect::kAllow, .what = {what}, .who = {.users = std::move(users)}};
}

}  // namespace tobari::policy
