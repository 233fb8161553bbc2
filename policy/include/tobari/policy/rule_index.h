// SPDX-License-Identifier: GPL-3.0-or-later
// Finds the rules that apply to a question without looking at all of them. Part of PolicySet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <tobari/policy/group_graph.h>
#include <tobari/policy/network_table.h>
#include <tobari/policy/rule.h>

namespace tobari::policy {

struct Subject;  // a request with its groups looked up: src/subject.h

class RuleIndex {
 public:
  RuleIndex() = default;
  // Names the groups of the rules in `graph`.
  RuleIndex(std::span<const Rule> rules, GroupGraph& graph);

  // Positions in the rules that the index was made of.
  struct Applying {
    std::optional<std::uint32_t> denial;     // the first
    std::vector<std::uint32_t> permissions;  // all, ascending, when there is no denial
  };
  // `rules`: those that it was made of.
  [[nodiscard]] Applying find(std::span<const Rule> rules, const Subject& subject, ChannelIndex what) const;

 private:
  // A rule's place in the order of decision: denials first, then as in the file.
  using Rank = std::uint32_t;
  using Ranks = std::vector<Rank>;  // ascending

  // Rules filed under the names that they ask for, and those of them that deny: they count when the name is not known.
  template <class Map>
  struct Dimension {
    Map by_key;
    Ranks denials;
  };
  using Named = Dimension<std::unordered_map<std::string, Ranks>>;

  class Search;
  [[nodiscard]] std::vector<NetworkTable::Number> numbers_of(const std::vector<IpNetwork>& networks);
  void file(const Rule& rule, Rank rank);
  template <class Map, class Keys>
  void file_under(Dimension<Map>& dimension, const Keys& keys, Rank rank);
  [[nodiscard]] bool denies(Rank rank) const noexcept { return rank < denials_; }

  // All that most rules need to be judged by: a rule itself is large, and reading it is what a search costs.
  struct Card {
    std::uint32_t channels = 0;  // a bit each
    std::uint32_t situation = 0;
    // Its networks, where it is not filed under them: a part of places_.
    std::uint32_t places_begin = 0;
    std::uint32_t places_end = 0;
    // Whether it asks for more than all that and what it is filed under: of who it is, of what it comes with.
    bool more_of_who = false;
    bool more_of_device = false;
  };
  [[nodiscard]] Card card_of(const Rule& rule);

  Rank denials_ = 0;                             // how many
  std::vector<std::uint32_t> by_rank_;           // positions
  std::vector<Card> cards_;                      // of a rank
  std::vector<std::vector<GroupId>> group_ids_;  // of a rank
  // Rules that ask for the same hours, second factor and number of sessions share a situation, which is judged once.
  std::vector<std::uint32_t> situation_like_;  // of a situation: the position of a rule that asks for it

  // Each rule is filed once, in the first dimension that it asks for.
  std::unordered_map<std::string, Ranks> by_user_;
  Dimension<std::unordered_map<GroupId, Ranks>> group_;
  Named pool_, label_, client_;
  Dimension<std::unordered_map<NetworkTable::Number, Ranks>> network_;
  Ranks anybody_;

  NetworkTable networks_;  // of all rules
  std::vector<NetworkTable::Number> places_;
};

}  // namespace tobari::policy
