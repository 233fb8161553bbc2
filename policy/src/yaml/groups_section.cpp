// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "not_yet.h"
#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;

Group read_group(Reader& reader, const YamlNode& name, const YamlNode& value) {
  Group group{.name = name.scalar};
  const std::string where = "group " + in_quotes(name.scalar);
  if (value.kind != Kind::kMap) {
    group.users = reader.names(value, where);
    return group;
  }
  if (!reader.is_section(value, "group", where)) return group;
  if (const YamlNode* users = value.find("user")) group.users = reader.names(*users, "'user' of " + where);
  if (const YamlNode* groups = value.find("group")) group.groups = reader.names(*groups, "'group' of " + where);
  return group;
}

// Walks down from every group once; what is met again on the way down is a circle.
class Nesting {
 public:
  Nesting(Reader& reader, const std::vector<Group>& groups, const std::vector<int>& lines)
      : reader_(reader), groups_(groups), lines_(lines), depth_(groups.size(), kUnseen) {
    for (std::size_t i = 0; i < groups.size(); ++i) by_name_.emplace(groups[i].name, i);
  }

  void check() {
    for (std::size_t i = 0; i < groups_.size(); ++i) static_cast<void>(depth_of(i));
  }

 private:
  static constexpr int kUnseen = -1;
  static constexpr int kOnTheWay = -2;

  // How many levels a group has below itself. Stops at a circle and below kMaxGroupDepth, so that the recursion is
  // bounded.
  int depth_of(std::size_t group) {
    if (depth_[group] >= 0) return depth_[group];
    if (path_.size() > kMaxGroupDepth) return static_cast<int>(kMaxGroupDepth);  // the one above says it
    depth_[group] = kOnTheWay;
    path_.push_back(group);
    int depth = 0;
    for (const std::string& inner : groups_[group].groups) {
      const auto found = by_name_.find(inner);
      if (found == by_name_.end()) continue;
      if (depth_[found->second] == kOnTheWay) {
        complain(group, circle(found->second) + "; take one of them out");
      } else {
        depth = std::max(depth, depth_of(found->second) + 1);
      }
    }
    path_.pop_back();
    if (depth > static_cast<int>(kMaxGroupDepth)) {
      complain(group, "groups within groups are more than 16 deep here; flatten them");
      depth = 0;  // said once
    }
    return depth_[group] = depth;
  }

  void complain(std::size_t group, const std::string& what) {
    reader_.error(lines_[group], "group " + in_quotes(groups_[group].name) + ": " + what);
  }
  std::string circle(std::size_t from) const {
    std::string text = "it contains itself: ";
    for (auto at = std::ranges::find(path_, from); at != path_.end(); ++at) text += groups_[*at].name + " > ";
    return text + groups_[from].name;
  }

  Reader& reader_;
  const std::vector<Group>& groups_;
  const std::vector<int>& lines_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<int> depth_;
  std::vector<std::size_t> path_;
};

}  // namespace

std::vector<Group> read_groups(Reader& reader, const YamlNode& node) {
  std::vector<Group> groups;
  if (node.kind != Kind::kMap) {
    reader.error(node.line, "'groups:' is written as 'NAME: [USER, USER]' lines");
    return groups;
  }
  std::set<std::string_view> seen;
  std::vector<int> lines;
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const YamlNode& name = node.items[i];
    if (name.kind != Kind::kScalar || !is_good_name(name.scalar)) {
      reader.error(name.line, "a group's name has 1 to 128 characters");
    } else if (!seen.insert(name.scalar).second) {
      reader.error(name.line, "group " + in_quotes(name.scalar) + " stands twice; put all members into one");
    }
    groups.push_back(read_group(reader, name, node.items[i + 1]));
    lines.push_back(name.line);
  }
  Nesting(reader, groups, lines).check();
  return groups;
}

Who read_who(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared) {
  Who who;
  if (!reader.is_section(node, "who", "'who' of " + where)) return who;
  const YamlNode* user = node.find("user");
  const YamlNode* group = node.find("group");
  const YamlNode* pool = node.find("pool");
  const YamlNode* label = node.find("label");
  if (user != nullptr) who.users = reader.names(*user, "'user' of " + where);
  if (group != nullptr) who.groups = reader.names(*group, "'group' of " + where);
  if (pool != nullptr) who.pools = reader.names(*pool, "'pool' of " + where);
  if (label != nullptr) who.labels = reader.names(*label, "'label' of " + where);
  warn_of_what_is_not_yet(reader, node, where);
  for (const std::string& name : who.groups) shared.used_groups.emplace_back(node.line, name);
  if (user != nullptr && group != nullptr) {
    reader.warning(node.line, where + " names users and groups: both must hold; write two rules if either is enough");
  }
  return who;
}

void warn_of_unknown_groups(Reader& reader, const std::vector<Group>& groups, const Shared& shared) {
  std::set<std::string_view> known;
  for (const Group& group : groups) known.insert(group.name);
  for (const auto& [line, name] : shared.used_groups) {
    if (!known.contains(name)) {
      reader.warning(line, "group " + in_quotes(name) + " is not in 'groups:'; only a directory can make it match");
    }
  }
}

}  // namespace tobari::policy
