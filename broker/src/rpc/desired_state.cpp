// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/desired_state.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

wire::NetworkEntry::Protocol to_wire(policy::Protocol protocol) {
  switch (protocol) {
    case policy::Protocol::kAny:
      return wire::NetworkEntry::ANY;
    case policy::Protocol::kTcp:
      return wire::NetworkEntry::TCP;
    case policy::Protocol::kUdp:
      return wire::NetworkEntry::UDP;
    case policy::Protocol::kIcmp:
      break;
  }
  return wire::NetworkEntry::ICMP;
}

void to_wire(const std::vector<policy::NetworkEntry>& entries, wire::NetworkRules& rules) {
  for (const policy::NetworkEntry& entry : entries) {
    wire::NetworkEntry& out = *rules.add_entries();
    out.set_rule(entry.rule);
    out.set_allow(entry.effect == policy::Effect::kAllow);
    out.set_protocol(to_wire(entry.traffic.protocol));
    for (const policy::IpNetwork& network : entry.traffic.networks) {
      wire::IpNetwork& place = *out.add_networks();
      place.set_address(network.address.bytes.data(), network.address.bytes.size());
      place.set_prefix_bits(network.prefix_bits);
    }
    for (const std::string& name : entry.traffic.domains) out.add_names(name);
    for (const policy::PortRange& range : entry.traffic.ports) {
      wire::PortRange& ports = *out.add_ports();
      ports.set_first(range.first);
      ports.set_last(range.last);
    }
  }
}

}  // namespace

wire::NetworkPolicy to_wire(const policy::DesktopNetwork& network) {
  wire::NetworkPolicy message;
  if (network.egress) to_wire(*network.egress, *message.mutable_egress());
  if (network.ingress) to_wire(*network.ingress, *message.mutable_ingress());
  return message;
}

namespace {

// Each network once, and which desktop has which.
class Networks {
 public:
  explicit Networks(wire::DesiredState& state) : state_(state) {}

  // Nothing when there is no room for one more.
  std::optional<std::uint32_t> index_of(const policy::DesktopNetwork& network) {
    const wire::NetworkPolicy message = broker::to_wire(network);
    std::string bytes = message.SerializeAsString();
    if (const auto known = known_.find(bytes); known != known_.end()) return known->second;
    if (used_ + bytes.size() > kMaxNetworkBytes) return std::nullopt;
    used_ += bytes.size();
    const auto index = static_cast<std::uint32_t>(state_.networks_size());
    *state_.add_networks() = message;
    known_.emplace(std::move(bytes), index);
    return index;
  }

 private:
  wire::DesiredState& state_;
  std::map<std::string, std::uint32_t> known_;
  std::size_t used_ = 0;
};

}  // namespace

wire::DesiredState desired_state(std::span<const Desktop> desktops, std::uint64_t revision,
                                 const NetworkOf& network_of) {
  wire::DesiredState state;
  state.set_revision(revision);
  Networks networks(state);
  for (const Desktop& desktop : desktops) {
    wire::DesiredDesktop& wanted = *state.add_desktops();
    wanted.set_desktop_id(desktop.id.str());
    wanted.set_epoch(desktop.epoch);
    wanted.set_name(desktop.name);
    wanted.set_image(desktop.image);
    wanted.set_vcpus(desktop.vcpus);
    wanted.set_memory_mib(desktop.memory_mib);
    wanted.set_heads(heads_of(desktop));
    wanted.set_power(to_wire(desktop.power));
    if (desktop.machine == Machine::kContainer) wanted.set_machine(wire::DesiredDesktop::CONTAINER);
    wanted.set_disk(desktop.disk);
    if (!network_of) continue;
    if (const auto index = networks.index_of(network_of(desktop))) wanted.set_network(*index);
  }
  return state;
}

void mark_leased(wire::DesiredState& state, std::span<const Desktop> desktops) {
  const auto count = std::min<std::size_t>(desktops.size(), static_cast<std::size_t>(state.desktops_size()));
  for (std::size_t i = 0; i < count; ++i) {
    wire::DesiredDesktop& wanted = *state.mutable_desktops(static_cast<int>(i));
    const bool floating = !desktops[i].pool.empty() && desktops[i].pool_kind == PoolKind::kFloating;
    const bool shared_disk = std::ranges::any_of(wanted.user_disks(), [](const wire::UserDisk& disk) {
      return disk.kind() == wire::UserDisk::DISK && !disk.storage().empty();
    });
    // What is to be deleted may have been given anew already, or its disk.
    wanted.set_leased(floating || shared_disk || desktops[i].power == Power::kDeleted);
  }
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
