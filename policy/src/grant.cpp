// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/grant.h>

#include <algorithm>
#include <optional>

namespace tobari::policy {
namespace {

// No timeout is the longest one.
std::chrono::seconds shorter(std::chrono::seconds a, std::chrono::seconds b) {
  if (a.count() == 0 || b.count() == 0) return std::max(a, b);
  return std::min(a, b);
}

// The channel as all hold it; none when one does not.
std::optional<ChannelGrant> common(const std::string& channel, std::span<const Grant> grants) {
  std::vector<std::string> rules;
  Limits limits;
  for (const Grant& grant : grants) {
    const ChannelGrant* const open = grant.find(channel);
    if (open == nullptr) return std::nullopt;
    limits.tighten(open->limits);
    if (!std::ranges::contains(rules, open->rule)) rules.push_back(open->rule);
  }
  if (limits.formats.empty()) return std::nullopt;
  ChannelGrant all{channel, rules.front(), limits};
  for (const std::string& rule : std::span(rules).subspan(1)) all.rule += ", " + rule;
  return all;
}

}  // namespace

Grant narrowest(std::span<const Grant> grants) {
  Grant narrow = grants.front();
  narrow.channels.clear();
  for (const ChannelGrant& open : grants.front().channels) {
    if (auto all = common(open.channel, grants)) narrow.channels.push_back(*std::move(all));
  }
  for (const Grant& each : grants) {
    narrow.max_monitors = std::min(narrow.max_monitors, each.max_monitors);
    narrow.max_pixels = std::min(narrow.max_pixels, each.max_pixels);
    narrow.idle_timeout = shorter(narrow.idle_timeout, each.idle_timeout);
    narrow.absolute_timeout = shorter(narrow.absolute_timeout, each.absolute_timeout);
    narrow.visible_watermark |= each.visible_watermark;
    narrow.invisible_watermark |= each.invisible_watermark;
    narrow.recording = std::max(narrow.recording, each.recording);
    for (const std::string& notice : each.notices) {
      if (!std::ranges::contains(narrow.notices, notice)) narrow.notices.push_back(notice);
    }
  }
  return narrow;
}

}  // namespace tobari::policy
