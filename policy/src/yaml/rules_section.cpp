// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <string_view>

#include "not_yet.h"
#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
constexpr std::string_view kAll = "all";  // every channel, in denials only

std::string known_channels() {
  std::vector<std::string_view> names;
  for (const Channel& channel : kChannels) names.push_back(channel.name);
  return joined(names);
}

void add_channel(Reader& reader, int line, const std::string& name, const std::string& where, Rule& rule) {
  const bool allows = rule.effect == Effect::kAllow;
  if (name == kAll) {
    if (allows) reader.error(line, "'all' can only be denied; name each channel that you open");
    for (ChannelIndex i = 0; i < kChannels.size(); ++i) rule.what.push_back(i);
    return;
  }
  const auto channel = find_channel(name);
  if (!channel) return reader.error(line, "unknown channel " + in_quotes(name) + "; known are " + known_channels());
  rule.what.push_back(*channel);
  if (allows && !kChannels[*channel].available) {
    reader.warning(line, where + " allows " + name + ", which this version does not have yet; it stays closed");
  }
}

void read_what(Reader& reader, const YamlNode& node, const std::string& where, Rule& rule) {
  const YamlNode* what = node.find("what");
  if (what == nullptr) {
    return reader.error(node.line, where + " does not say what; write 'what: [connect]' or other channels");
  }
  reader.each_text(*what, "'what' of " + where,
                   [&](int line, const std::string& name) { add_channel(reader, line, name, where, rule); });
}

// A limit that a channel cannot keep would be believed and not hold.
void check_limits(Reader& reader, const YamlNode& limits, const std::string& where, const Rule& rule) {
  using Transfers = Channel::Transfers;
  const bool has_formats = limits.find("formats") != nullptr;
  for (const ChannelIndex index : rule.what) {
    const Channel& channel = kChannels[index];
    if (channel.transfers == Transfers::kNone) {
      reader.error(limits.line, where + " limits " + std::string(channel.name) +
                                    ", which has no transfers; give the limited channels a rule of their own");
    } else if (has_formats && channel.transfers != Transfers::kFormats) {
      reader.error(limits.line, where + " limits the formats of " + std::string(channel.name) +
                                    ", which has none; only the clipboard has formats");
    }
  }
}

// What is asked in return must be asked of somebody: a session.
void check_require(Reader& reader, const YamlNode& require, const std::string& where, const Rule& rule) {
  if (std::ranges::any_of(rule.what, [](ChannelIndex channel) { return kChannels[channel].in_grant; })) return;
  reader.error(require.line, "'require' of " + where + " is about sessions, and none of its channels is part of one");
}

void check_usb(Reader& reader, const YamlNode& usb, const std::string& where, const Rule& rule) {
  constexpr ChannelIndex kUsb = find_channel("usb").value();
  if (std::ranges::all_of(rule.what, [](ChannelIndex channel) { return channel == kUsb; })) return;
  reader.error(usb.line, where +
                             " names USB devices and other channels; write 'what: usb' and the others in a rule of "
                             "their own");
}

Rule read_rule(Reader& reader, const YamlNode& node, Shared& shared) {
  Rule rule;
  rule.line = node.line;
  rule.name = read_rule_name(reader, node, shared);
  const std::string where = rule.name.empty() ? "this rule" : "rule " + in_quotes(rule.name);
  rule.effect = read_effect(reader, node, where);
  read_what(reader, node, where, rule);
  if (const YamlNode* who = node.find("who")) rule.who = read_who(reader, *who, where, shared);
  rule.conditions = read_conditions(reader, node, where, shared);
  warn_of_what_is_not_yet(reader, node, where);
  if (const YamlNode* usb = node.find("usb")) check_usb(reader, *usb, where, rule);

  const YamlNode* limits = node.find("limits");
  const YamlNode* require = node.find("require");
  if (rule.effect == Effect::kDeny && (limits != nullptr || require != nullptr)) {
    reader.error(node.line, where + " denies; what is denied has no 'limits' and nothing to 'require'");
    return rule;
  }
  if (limits != nullptr) {
    rule.limits = read_limits(reader, *limits, where);
    check_limits(reader, *limits, where, rule);
  }
  if (require != nullptr) {
    rule.require = read_require(reader, *require, where, shared);
    check_require(reader, *require, where, rule);
  }
  return rule;
}

}  // namespace

std::string read_rule_name(Reader& reader, const YamlNode& rule, Shared& shared) {
  const YamlNode* name = rule.find("name");
  if (name == nullptr || name->kind != Kind::kScalar || !is_good_name(name->scalar)) {
    reader.error(name != nullptr ? name->line : rule.line,
                 "a rule needs a name of 1 to 128 characters; write 'name: …'");
    return {};
  }
  if (!shared.rule_names.insert(name->scalar).second) {
    reader.error(rule.line,
                 "a rule named " + in_quotes(name->scalar) + " exists already; the audit needs different names");
  }
  return name->scalar;
}

Effect read_effect(Reader& reader, const YamlNode& rule, const std::string& where) {
  const YamlNode* effect = rule.find("effect");
  if (effect != nullptr && effect->kind == Kind::kScalar && effect->scalar == "allow") return Effect::kAllow;
  if (effect != nullptr && effect->kind == Kind::kScalar && effect->scalar == "deny") return Effect::kDeny;
  reader.error(effect != nullptr ? effect->line : rule.line, where + " needs 'effect: allow' or 'effect: deny'");
  return Effect::kDeny;
}

bool count_rules(Reader& reader, const YamlNode& list, Shared& shared) {
  shared.rules += list.items.size();
  if (shared.rules <= kMaxRules) return true;
  reader.error(list.line, "more than 100000 rules; use groups to have fewer");
  return false;
}

std::vector<Rule> read_rules(Reader& reader, const YamlNode& node, Shared& shared) {
  std::vector<Rule> rules;
  if (node.kind != Kind::kList) {
    reader.error(node.line, "'rules:' is a list; begin each rule with '- name: …'");
    return rules;
  }
  if (!count_rules(reader, node, shared)) return rules;
  for (const YamlNode& item : node.items) {
    if (item.kind != Kind::kMap) {
      reader.error(item.line, "a rule has 'name', 'what' and 'effect'; begin it with '- name: …'");
      continue;
    }
    const YamlNode* name = item.find("name");
    const bool named = name != nullptr && is_good_name(name->scalar);
    if (reader.is_section(item, "rule", named ? "rule " + in_quotes(name->scalar) : "this rule")) {
      rules.push_back(read_rule(reader, item, shared));
    }
  }
  return rules;
}

}  // namespace tobari::policy
