// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/grant_from_wire.h"

#include <chrono>

namespace tobari::display {
namespace {

policy::ChannelGrant from_wire(const wire::ChannelGrant& wire) {
  policy::Limits limits{.formats = {}, .bytes_per_transfer = {}, .bytes_per_day = {}, .bytes_per_second = {}};
  for (const std::string& name : wire.formats()) {
    if (const auto format = policy::find_format(name)) limits.formats.add(*format);
  }
  if (wire.has_bytes_per_transfer()) limits.bytes_per_transfer = wire.bytes_per_transfer();
  if (wire.has_bytes_per_day()) limits.bytes_per_day = wire.bytes_per_day();
  if (wire.has_bytes_per_second()) limits.bytes_per_second = wire.bytes_per_second();
  return {wire.channel(), wire.rule(), limits};
}

policy::Recording from_wire(wire::Grant::Recording recording) {
  if (recording == wire::Grant::NONE) return policy::Recording::kNone;
  return recording == wire::Grant::OPTIONAL ? policy::Recording::kOptional : policy::Recording::kRequired;
}

}  // namespace

policy::Grant grant_from_wire(const wire::Grant& wire) {
  policy::Grant grant;
  grant.user = wire.user();
  grant.desktop_id = wire.desktop_id();
  for (const wire::ChannelGrant& channel : wire.channels()) grant.channels.push_back(from_wire(channel));
  if (wire.max_monitors() > 0) grant.max_monitors = wire.max_monitors();
  if (wire.max_pixels() > 0) grant.max_pixels = wire.max_pixels();
  grant.idle_timeout = std::chrono::seconds(wire.idle_timeout_seconds());
  grant.absolute_timeout = std::chrono::seconds(wire.absolute_timeout_seconds());
  grant.visible_watermark = wire.visible_watermark();
  grant.invisible_watermark = wire.invisible_watermark();
  grant.recording = from_wire(wire.recording());
  grant.notices.assign(wire.notices().begin(), wire.notices().end());
  return grant;
}

}  // namespace tobari::display
