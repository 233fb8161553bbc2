// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

wire::DesiredDesktop::Power to_wire(Power power) {
  switch (power) {
    case Power::kOn:
      return wire::DesiredDesktop::ON;
    case Power::kOff:
      return wire::DesiredDesktop::OFF;
    case Power::kDeleted:
      return wire::DesiredDesktop::DELETED;
  }
  return wire::DesiredDesktop::POWER_UNSPECIFIED;
}

wire::Grant::Recording to_wire(policy::Recording recording) {
  switch (recording) {
    case policy::Recording::kNone:
      return wire::Grant::NONE;
    case policy::Recording::kOptional:
      return wire::Grant::OPTIONAL;
    case policy::Recording::kRequired:
      break;
  }
  return wire::Grant::REQUIRED;
}

void to_wire(const policy::ChannelGrant& channel, wire::ChannelGrant& open) {
  const policy::Limits& limits = channel.limits;
  open.set_channel(channel.channel);
  open.set_rule(channel.rule);
  for (std::size_t i = 0; i < policy::kFormatNames.size(); ++i) {
    if (limits.formats.has(static_cast<policy::Format>(i))) open.add_formats(std::string(policy::kFormatNames[i]));
  }
  if (limits.bytes_per_transfer) open.set_bytes_per_transfer(*limits.bytes_per_transfer);
  if (limits.bytes_per_day) open.set_bytes_per_day(*limits.bytes_per_day);
  if (limits.bytes_per_second) open.set_bytes_per_second(*limits.bytes_per_second);
}

}  // namespace

wire::DesiredState desired_state(std::span<const Desktop> desktops, std::uint64_t revision) {
  wire::DesiredState state;
  state.set_revision(revision);
  for (const Desktop& desktop : desktops) {
    wire::DesiredDesktop& wanted = *state.add_desktops();
    wanted.set_desktop_id(desktop.id.str());
    wanted.set_epoch(desktop.epoch);
    wanted.set_name(desktop.name);
    wanted.set_image(desktop.image);
    wanted.set_vcpus(desktop.vcpus);
    wanted.set_memory_mib(desktop.memory_mib);
    wanted.set_heads(kHeads);
    wanted.set_power(to_wire(desktop.power));
  }
  return state;
}

wire::Grant to_wire(const policy::Grant& grant) {
  wire::Grant message;
  message.set_user(grant.user);
  message.set_desktop_id(grant.desktop_id);
  for (const policy::ChannelGrant& channel : grant.channels) to_wire(channel, *message.add_channels());
  message.set_max_monitors(grant.max_monitors);
  message.set_max_pixels(grant.max_pixels);
  message.set_idle_timeout_seconds(static_cast<std::uint32_t>(grant.idle_timeout.count()));
  message.set_absolute_timeout_seconds(static_cast<std::uint32_t>(grant.absolute_timeout.count()));
  message.set_visible_watermark(grant.visible_watermark);
  message.set_invisible_watermark(grant.invisible_watermark);
  message.set_recording(to_wire(grant.recording));
  for (const std::string& notice : grant.notices) message.add_notices(notice);
  return message;
}

}  // namespace tobari::broker
