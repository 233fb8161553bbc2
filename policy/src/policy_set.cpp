// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/policy_set.h>

#include <algorithm>
#include <utility>

#include "subject.h"

namespace tobari::policy {
namespace {

Decision denied_by(const Rule& rule) {
  return {.allowed = false, .rule = rule.name, .line = rule.line, .reason = "rule '" + rule.name + "' denies it"};
}

Decision allowed_by(const std::vector<Rule>& rules, const std::vector<std::uint32_t>& permissions) {
  const Rule& first = rules[permissions.front()];
  Decision decision{
      .allowed = true, .rule = first.name, .line = first.line, .reason = "rule '" + first.name + "' allows it"};
  for (const std::uint32_t position : permissions) {
    decision.limits.tighten(rules[position].limits);
    decision.require.add(rules[position].require);
  }
  return decision;
}

using GroupIds = std::vector<std::vector<GroupId>>;  // of each rule

GroupIds ids_of(const std::optional<std::vector<NetworkRule>>& rules, GroupGraph& graph) {
  GroupIds all;
  if (!rules) return all;
  for (const NetworkRule& rule : *rules) {
    std::vector<GroupId>& ids = all.emplace_back();
    for (const std::string& group : rule.who.groups) ids.push_back(graph.id_of(group));
  }
  return all;
}

std::optional<std::vector<NetworkEntry>> entries_for(const std::optional<std::vector<NetworkRule>>& rules,
                                                     const GroupIds& ids, const Subject& subject) {
  if (!rules) return std::nullopt;
  std::vector<NetworkEntry> entries;
  for (const Effect effect : {Effect::kDeny, Effect::kAllow}) {
    for (std::size_t i = 0; i < rules->size(); ++i) {
      const NetworkRule& rule = (*rules)[i];
      if (rule.effect != effect || !applies(effect, holds(rule.who, ids[i], subject))) continue;
      entries.push_back({.rule = rule.name, .effect = effect, .traffic = rule.traffic});
    }
  }
  return entries;
}

}  // namespace

PolicySet::PolicySet(std::vector<Rule> rules, std::vector<Group> groups, NetworkRules network)
    : rules_(std::move(rules)),
      groups_(std::move(groups)),
      network_(std::move(network)),
      graph_(groups_),
      index_(rules_, graph_),
      egress_groups_(ids_of(network_.egress, graph_)),
      ingress_groups_(ids_of(network_.ingress, graph_)) {}

Decision PolicySet::decide(const Request& request, ChannelIndex what) const {
  const Subject subject{.request = request, .groups = graph_.of(request.user, request.groups)};
  const RuleIndex::Applying found = index_.find(rules_, subject, what);
  if (found.denial) return denied_by(rules_[*found.denial]);
  if (found.permissions.empty()) return {.allowed = false, .rule = {}, .line = 0, .reason = "no rule allows it"};
  Decision decision = allowed_by(rules_, found.permissions);
  if (!decision.limits.formats.empty()) return decision;
  return {.allowed = false,
          .rule = decision.rule,
          .line = decision.line,
          .reason = "rule '" + decision.rule + "' and others allow it, but no format that all of them allow"};
}

DesktopNetwork PolicySet::desktop_network(const Request& request) const {
  const Subject subject{.request = request, .groups = graph_.of(request.user, request.groups)};
  return {.egress = entries_for(network_.egress, egress_groups_, subject),
          .ingress = entries_for(network_.ingress, ingress_groups_, subject)};
}

Decision decide(const PolicySet& policy, const Request& request, std::string_view what) {
  const auto channel = find_channel(what);
  if (!channel) return {.allowed = false, .rule = {}, .line = 0, .reason = "there is no such channel"};
  return policy.decide(request, *channel);
}

std::vector<Decision> decide_device(const PolicySet& policy, const Request& request, const DeviceDescription& device) {
  std::vector<Decision> decisions;
  Request asked = request;
  for (const std::uint8_t interface_class : device.interface_classes) {
    asked.usb = UsbPart{.vendor = device.vendor,
                        .product = device.product,
                        .serial = device.serial,
                        .device_class = device.device_class,
                        .interface_class = interface_class};
    decisions.push_back(decide(policy, asked, "usb"));
  }
  return decisions;
}

Grant make_grant(const PolicySet& policy, const Request& request) {
  Grant grant;
  grant.user = request.user;
  grant.desktop_id = request.desktop_id;
  Obligations owed;
  for (ChannelIndex channel = 0; channel < kChannels.size(); ++channel) {
    if (!kChannels[channel].available || !kChannels[channel].in_grant) continue;
    const Decision decision = policy.decide(request, channel);
    if (!decision.allowed) continue;
    grant.channels.push_back({std::string(kChannels[channel].name), decision.rule, decision.limits});
    owed.add(decision.require);
  }
  if (grant.find("connect") == nullptr) {
    grant.channels.clear();
    return grant;
  }
  grant.max_monitors = std::min(grant.max_monitors, owed.max_monitors.value_or(grant.max_monitors));
  grant.max_pixels = std::min(grant.max_pixels, owed.max_pixels.value_or(grant.max_pixels));
  grant.idle_timeout = owed.idle_timeout.value_or(grant.idle_timeout);
  grant.absolute_timeout = owed.absolute_timeout.value_or(grant.absolute_timeout);
  grant.visible_watermark = owed.visible_watermark;
  grant.invisible_watermark = owed.invisible_watermark;
  grant.recording = owed.recording;
  grant.notices = std::move(owed.notices);
  return grant;
}

}  // namespace tobari::policy
