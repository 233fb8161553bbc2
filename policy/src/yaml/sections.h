// SPDX-License-Identifier: GPL-3.0-or-later
// The sections of a policy file, one function each. `where` names the rule for messages: "rule 'x'". Private to
// src/yaml.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tobari/policy/network_rules.h>
#include <tobari/policy/rule.h>

#include "reader.h"

namespace tobari::policy {

// What one section knows that another needs.
struct Shared {
  std::map<std::string, std::shared_ptr<const Calendar>, std::less<>> calendars;
  std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>> zones;  // null: looked for and not there
  std::vector<std::pair<int, std::string>> used_groups;                       // line, name
  std::set<std::string> rule_names;
  std::set<std::string> notices;
  std::size_t rules = 0;
};

// groups_section.cpp
[[nodiscard]] std::vector<Group> read_groups(Reader& reader, const YamlNode& node);
[[nodiscard]] Who read_who(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared);
void warn_of_unknown_groups(Reader& reader, const std::vector<Group>& groups, const Shared& shared);

// windows_section.cpp
void read_calendars(Reader& reader, const YamlNode& node, Shared& shared);
[[nodiscard]] std::vector<Window> read_windows(Reader& reader, const YamlNode& node, const std::string& where,
                                               Shared& shared);

// conditions_section.cpp
[[nodiscard]] std::vector<IpNetwork> read_networks(Reader& reader, const YamlNode& node, const std::string& what);
[[nodiscard]] Conditions read_conditions(Reader& reader, const YamlNode& rule, const std::string& where,
                                         Shared& shared);

// Four hexadecimal digits; nothing, without an error, when `node` is null.
[[nodiscard]] std::optional<std::uint16_t> read_usb_id(Reader& reader, const YamlNode* node, const std::string& where);

// limits_section.cpp
[[nodiscard]] Limits read_limits(Reader& reader, const YamlNode& node, const std::string& where);
[[nodiscard]] Obligations read_require(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared);

// network_section.cpp
enum class Direction : std::uint8_t { kEgress, kIngress };
[[nodiscard]] std::vector<NetworkRule> read_network_rules(Reader& reader, const YamlNode& node, Direction direction,
                                                          Shared& shared);

// rules_section.cpp
[[nodiscard]] std::vector<Rule> read_rules(Reader& reader, const YamlNode& node, Shared& shared);
// A name that no other rule has; empty after an error.
[[nodiscard]] std::string read_rule_name(Reader& reader, const YamlNode& rule, Shared& shared);
[[nodiscard]] Effect read_effect(Reader& reader, const YamlNode& rule, const std::string& where);
// False, with one error, when there are too many of them.
[[nodiscard]] bool count_rules(Reader& reader, const YamlNode& list, Shared& shared);

}  // namespace tobari::policy
