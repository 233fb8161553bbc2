// SPDX-License-Identifier: GPL-3.0-or-later
// Who is in which group, groups within groups included. Names become numbers once, so that a decision compares numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tobari/policy/rule.h>

namespace tobari::policy {

using GroupId = std::uint32_t;

class GroupGraph {
 public:
  // The groups that one user is in.
  class Membership {
   public:
    [[nodiscard]] bool has(GroupId id) const { return in_[id]; }
    [[nodiscard]] const std::vector<GroupId>& all() const noexcept { return all_; }

   private:
    friend GroupGraph;
    void enter(GroupId id);
    std::vector<bool> in_;
    std::vector<GroupId> all_;
  };

  GroupGraph() = default;
  explicit GroupGraph(std::span<const Group> groups);

  [[nodiscard]] GroupId id_of(const std::string& name);  // a new one for a new name
  [[nodiscard]] std::size_t size() const noexcept { return parents_.size(); }

  // `directory`: names of groups that the user is in besides. Groups within each other are one group, not an error.
  [[nodiscard]] Membership of(const std::string& user, std::span<const std::string> directory) const;

 private:
  std::unordered_map<std::string, GroupId> ids_;
  std::vector<std::vector<GroupId>> parents_;  // the groups that hold this one
  std::unordered_map<std::string, std::vector<GroupId>> of_user_;
};

}  // namespace tobari::policy
