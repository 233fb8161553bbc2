// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/yaml_loader.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <span>

#include "document.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
constexpr std::string_view kAll = "all";  // every channel, in denials only

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) out += c >= 0x20 && c != 0x7f ? c : '?';
  if (text.size() > kShown) out += "...";
  return out + "'";
}

std::string joined(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

std::string known_channels() {
  std::vector<std::string_view> names;
  for (const Channel& channel : kChannels) names.push_back(channel.name);
  return joined(names);
}

bool is_good_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// One file being read. Every reader goes on after an error, so that all of them are found.
class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  [[nodiscard]] PolicySet read(const YamlNode& root) {
    if (root.kind != Kind::kMap) {
      findings_.error(root.line, "a policy is 'version: 1' and a list 'rules:'");
      return {};
    }
    constexpr std::string_view kKeys[] = {"version", "groups", "rules"};
    check_keys(root, kKeys, "the file");
    read_version(root);
    if (const YamlNode* groups = root.find("groups")) read_groups(*groups);
    if (const YamlNode* rules = root.find("rules")) {
      read_rules(*rules);
    } else {
      findings_.error(root.line,
                      "'rules:' is missing; without it nobody may do anything, so write at least 'rules: []'");
    }
    check_group_names();
    return {std::move(rules_), std::move(groups_)};
  }

 private:
  // Unknown and repeated keys: a misspelt condition would silently widen a rule.
  void check_keys(const YamlNode& map, std::span<const std::string_view> known, const std::string& where) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      if (key.kind != Kind::kScalar || std::ranges::find(known, key.scalar) == known.end()) {
        findings_.error(key.line,
                        "unknown key " + in_quotes(key.scalar) + " in " + where + "; known are " + joined(known));
      } else if (!seen.insert(key.scalar).second) {
        findings_.error(key.line, "key " + in_quotes(key.scalar) + " stands twice in " + where + "; keep one");
      }
    }
  }

  void read_version(const YamlNode& root) {
    const YamlNode* version = root.find("version");
    if (version == nullptr) return findings_.error(root.line, "'version:' is missing; write 'version: 1' first");
    if (version->kind != Kind::kScalar || version->scalar != "1") {
      findings_.error(version->line, "this program reads version 1 only; write 'version: 1'");
    }
  }

  void read_groups(const YamlNode& node) {
    if (node.kind != Kind::kMap)
      return findings_.error(node.line, "'groups:' is written as 'NAME: [USER, USER]' lines");
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
      const YamlNode& name = node.items[i];
      if (name.kind != Kind::kScalar || !is_good_name(name.scalar)) {
        findings_.error(name.line, "a group's name has 1 to 128 characters");
      } else if (!seen.insert(name.scalar).second) {
        findings_.error(name.line, "group " + in_quotes(name.scalar) + " stands twice; put all members into one");
      }
      groups_.push_back(
          {.name = name.scalar, .members = read_list(node.items[i + 1], "group " + in_quotes(name.scalar))});
    }
  }

  void read_rules(const YamlNode& node) {
    if (node.kind != Kind::kList)
      return findings_.error(node.line, "'rules:' is a list; begin each rule with '- name: …'");
    if (node.items.size() > kMaxRules) findings_.error(node.line, "more than 10000 rules; use groups to have fewer");
    std::set<std::string> names;
    for (const YamlNode& item : node.items) {
      if (item.kind != Kind::kMap) {
        findings_.error(item.line, "a rule has 'name', 'what' and 'effect'; begin it with '- name: …'");
        continue;
      }
      Rule rule = read_rule(item);
      if (!rule.name.empty() && !names.insert(rule.name).second) {
        findings_.error(item.line,
                        "a rule named " + in_quotes(rule.name) + " exists already; the audit needs different names");
      }
      rules_.push_back(std::move(rule));
    }
  }

  Rule read_rule(const YamlNode& node) {
    Rule rule;
    rule.line = node.line;
    rule.name = read_name(node);
    const std::string where = rule.name.empty() ? "this rule" : "rule " + in_quotes(rule.name);
    constexpr std::string_view kKeys[] = {"name", "what", "who", "network", "effect"};
    check_keys(node, kKeys, where);
    rule.effect = read_effect(node, where);
    rule.what = read_what(node, where, rule.effect);
    if (const YamlNode* who = node.find("who")) read_who(*who, where, rule);
    if (const YamlNode* network = node.find("network")) rule.networks = read_networks(*network, where);
    return rule;
  }

  std::string read_name(const YamlNode& node) {
    const YamlNode* name = node.find("name");
    if (name != nullptr && name->kind == Kind::kScalar && is_good_name(name->scalar)) return name->scalar;
    findings_.error(name != nullptr ? name->line : node.line,
                    "a rule needs a name of 1 to 128 characters; write 'name: …'");
    return {};
  }

  Effect read_effect(const YamlNode& node, const std::string& where) {
    const YamlNode* effect = node.find("effect");
    if (effect != nullptr && effect->kind == Kind::kScalar && effect->scalar == "allow") return Effect::kAllow;
    if (effect != nullptr && effect->kind == Kind::kScalar && effect->scalar == "deny") return Effect::kDeny;
    findings_.error(effect != nullptr ? effect->line : node.line, where + " needs 'effect: allow' or 'effect: deny'");
    return Effect::kDeny;
  }

  std::vector<ChannelIndex> read_what(const YamlNode& node, const std::string& where, Effect effect) {
    const YamlNode* what = node.find("what");
    if (what == nullptr) {
      findings_.error(node.line, where + " does not say what; write 'what: [connect]' or other channels");
      return {};
    }
    std::vector<ChannelIndex> out;
    each_text(*what, "'what' of " + where, [&](int line, const std::string& name) {
      if (name == kAll) {
        if (effect == Effect::kAllow)
          findings_.error(line, "'all' can only be denied; name each channel that you open");
        for (ChannelIndex i = 0; i < kChannels.size(); ++i) out.push_back(i);
      } else if (const auto channel = find_channel(name)) {
        out.push_back(*channel);
        if (effect == Effect::kAllow && !kChannels[*channel].available) {
          findings_.warning(line,
                            where + " allows " + name + ", which this version does not have yet; it stays closed");
        }
      } else {
        findings_.error(line, "unknown channel " + in_quotes(name) + "; known are " + known_channels());
      }
    });
    return out;
  }

  void read_who(const YamlNode& node, const std::string& where, Rule& rule) {
    if (node.kind != Kind::kMap)
      return findings_.error(node.line, "write 'who: {user: [NAME], group: [NAME], pool: [NAME]}'");
    constexpr std::string_view kKeys[] = {"user", "group", "pool"};
    check_keys(node, kKeys, "'who' of " + where);
    const YamlNode* user = node.find("user");
    const YamlNode* group = node.find("group");
    const YamlNode* pool = node.find("pool");
    if (user != nullptr) rule.users = read_list(*user, "'user' of " + where);
    if (group != nullptr) rule.groups = read_list(*group, "'group' of " + where);
    if (pool != nullptr) rule.pools = read_list(*pool, "'pool' of " + where);
    for (const std::string& name : rule.groups) used_groups_.emplace_back(node.line, name);
    if (user != nullptr && group != nullptr) {
      findings_.warning(node.line,
                        where + " names users and groups: both must hold; write two rules if either is enough");
    }
    if (node.items.empty())
      findings_.error(node.line, "'who' of " + where + " is empty; leave it out to mean everybody");
  }

  std::vector<IpNetwork> read_networks(const YamlNode& node, const std::string& where) {
    std::vector<IpNetwork> out;
    each_text(node, "'network' of " + where, [&](int line, const std::string& text) {
      if (const auto network = IpNetwork::parse(text)) {
        out.push_back(*network);
      } else {
        findings_.error(line, in_quotes(text) +
                                  " is not a network; write '192.0.2.0/24' or '2001:db8::/32', with zeros "
                                  "behind the prefix");
      }
    });
    return out;
  }

  std::vector<std::string> read_list(const YamlNode& node, const std::string& what) {
    std::vector<std::string> out;
    each_text(node, what, [&](int line, const std::string& text) {
      if (!is_good_name(text)) findings_.error(line, "a name has 1 to 128 characters");
      out.push_back(text);
    });
    return out;
  }

  // A single word is a list of one. An empty list would mean "nobody" to a reader and "everybody" to decide().
  template <class Use>
  void each_text(const YamlNode& node, const std::string& what, Use use) {
    if (node.kind == Kind::kScalar) return use(node.line, node.scalar);
    if (node.kind != Kind::kList || node.items.empty()) {
      return findings_.error(node.line, what + " is empty; write a list like [a, b], or leave the key out");
    }
    for (const YamlNode& item : node.items) {
      if (item.kind == Kind::kScalar) {
        use(item.line, item.scalar);
      } else {
        findings_.error(item.line, what + " holds something that is not a word; write [a, b]");
      }
    }
  }

  void check_group_names() {
    std::set<std::string_view> known;
    for (const Group& group : groups_) known.insert(group.name);
    for (const auto& [line, name] : used_groups_) {
      if (!known.contains(name)) {
        findings_.warning(line,
                          "group " + in_quotes(name) + " is not in 'groups:'; only a directory can make it match");
      }
    }
  }

  Findings& findings_;
  std::vector<Rule> rules_;
  std::vector<Group> groups_;
  std::vector<std::pair<int, std::string>> used_groups_;
};

Loaded failed(std::string message) {
  return {.policy = std::nullopt,
          .findings = {{.severity = Severity::kError, .line = 0, .message = std::move(message)}}};
}

}  // namespace

Loaded load_text(std::string_view yaml) {
  if (yaml.size() > kMaxPolicyBytes) return failed("a policy has at most 1 MiB; split it or use groups");
  Findings findings;
  const YamlNode root = parse_yaml(yaml, findings);
  PolicySet policy;
  if (!findings.has_error()) policy = Reader(findings).read(root);
  Loaded out;
  if (!findings.has_error()) out.policy = std::move(policy);
  out.findings = findings.take();
  return out;
}

Loaded load_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return failed("cannot be read; check that it exists and who may read it");
  std::string text(kMaxPolicyBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return load_text(text);
}

std::string describe(const Finding& finding, std::string_view file) {
  std::string out(file);
  if (finding.line > 0) out += ":" + std::to_string(finding.line);
  return out + (finding.severity == Severity::kError ? ": error: " : ": warning: ") + finding.message;
}

}  // namespace tobari::policy
