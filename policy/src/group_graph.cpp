// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/group_graph.h>

namespace tobari::policy {

void GroupGraph::Membership::enter(GroupId id) {
  if (in_[id]) return;
  in_[id] = true;
  all_.push_back(id);
}

GroupGraph::GroupGraph(std::span<const Group> groups) {
  for (const Group& group : groups) {
    const GroupId id = id_of(group.name);
    for (const std::string& user : group.users) of_user_[user].push_back(id);
    for (const std::string& inner : group.groups) {
      const GroupId inner_id = id_of(inner);
      parents_[inner_id].push_back(id);
    }
  }
}

GroupId GroupGraph::id_of(const std::string& name) {
  const auto [found, is_new] = ids_.try_emplace(name, static_cast<GroupId>(parents_.size()));
  if (is_new) parents_.emplace_back();
  return found->second;
}

GroupGraph::Membership GroupGraph::of(const std::string& user, std::span<const std::string> directory) const {
  Membership member;
  member.in_.resize(parents_.size());
  if (const auto found = of_user_.find(user); found != of_user_.end()) {
    for (const GroupId id : found->second) member.enter(id);
  }
  for (const std::string& name : directory) {
    if (const auto found = ids_.find(name); found != ids_.end()) member.enter(found->second);
  }
  // all_ grows while we walk over it, until nothing new is found.
  for (std::size_t i = 0; i < member.all_.size(); ++i) {
    for (const GroupId parent : parents_[member.all_[i]]) member.enter(parent);
  }
  return member;
}

}  // namespace tobari::policy
