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
  for (const policy::ChannelGrant& channel : grant.channels) {
    wire::ChannelGrant& open = *message.add_channels();
    open.set_channel(channel.channel);
    open.set_rule(channel.rule);
  }
  message.set_max_monitors(grant.max_monitors);
  message.set_max_pixels(grant.max_pixels);
  message.set_idle_timeout_seconds(static_cast<std::uint32_t>(grant.idle_timeout.count()));
  return message;
}

}  // namespace tobari::broker
