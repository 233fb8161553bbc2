// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/rule_index.h>

#include <algorithm>
#include <format>
#include <iterator>

#include "subject.h"

namespace tobari::policy {
namespace {

static_assert(kChannels.size() <= 32, "a bit a channel");
constexpr std::uint32_t bit(ChannelIndex channel) noexcept { return 1U << channel; }

// Makes one list in order of several that each are; `begins`: where each begins. Each once. Faster than to sort it:
// where hundreds of rules apply, they are of a few lists.
void merge_unique(std::vector<std::uint32_t>& list, std::vector<std::size_t> begins) {
  const auto at = [&list](std::size_t offset) { return list.begin() + static_cast<std::ptrdiff_t>(offset); };
  begins.push_back(list.size());
  while (begins.size() > 2) {
    std::vector<std::size_t> merged;
    for (std::size_t i = 0; i + 1 < begins.size(); i += 2) {
      merged.push_back(begins[i]);
      if (i + 2 < begins.size()) std::inplace_merge(at(begins[i]), at(begins[i + 1]), at(begins[i + 2]));
    }
    merged.push_back(list.size());
    begins = std::move(merged);
  }
  const auto rest = std::ranges::unique(list);
  list.erase(rest.begin(), rest.end());
}

std::vector<std::string> kinds_of(const std::vector<ClientMatch>& clients) {
  std::vector<std::string> kinds;
  kinds.reserve(clients.size());
  for (const ClientMatch& client : clients) kinds.push_back(client.kind);
  return kinds;
}

// Equal for rules that ask for the same hours, second factor and number of sessions.
std::string situation_key(const Conditions& conditions) {
  std::string key;
  const auto add = [&key](const auto& value) { key += std::format("{} ", value); };
  for (const auto& range : {conditions.mfa, conditions.sessions}) {
    add(range.has_value());
    if (!range) continue;
    for (const auto& bound : {range->at_least, range->below}) add(bound ? std::int64_t{*bound} : -1);
  }
  for (const Window& window : conditions.windows) {
    add(window.days.to_ulong());
    add(window.from.count());
    add(window.until.count());
    add(static_cast<const void*>(window.zone.get()));
    add(static_cast<const void*>(window.except.get()));
    add(static_cast<const void*>(window.only.get()));
  }
  return key;
}

}  // namespace

RuleIndex::RuleIndex(std::span<const Rule> rules, GroupGraph& graph) {
  for (const Effect effect : {Effect::kDeny, Effect::kAllow}) {
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
      if (rules[i].effect == effect) by_rank_.push_back(i);
    }
    if (effect == Effect::kDeny) denials_ = static_cast<Rank>(by_rank_.size());
  }
  std::unordered_map<std::string, std::uint32_t> situations;
  for (Rank rank = 0; rank < by_rank_.size(); ++rank) {
    const Rule& rule = rules[by_rank_[rank]];
    std::vector<GroupId> ids;
    for (const std::string& group : rule.who.groups) ids.push_back(graph.id_of(group));
    group_ids_.push_back(std::move(ids));
    const auto [known, is_new] =
        situations.try_emplace(situation_key(rule.conditions), static_cast<std::uint32_t>(situation_like_.size()));
    if (is_new) situation_like_.push_back(by_rank_[rank]);
    cards_.push_back(card_of(rule));
    cards_.back().situation = known->second;
    file(rule, rank);
  }
}

// A rule is filed under the first of these that it asks for (file()).
RuleIndex::Card RuleIndex::card_of(const Rule& rule) {
  Card card;
  for (const ChannelIndex channel : rule.what) card.channels |= bit(channel);
  const Who& who = rule.who;
  const int of_who = !who.users.empty() + !who.groups.empty() + !who.pools.empty() + !who.labels.empty();
  const Conditions& conditions = rule.conditions;
  card.more_of_who = of_who > 1;
  card.places_begin = static_cast<std::uint32_t>(places_.size());
  if (of_who != 0) std::ranges::copy(numbers_of(conditions.networks), std::back_inserter(places_));
  card.places_end = static_cast<std::uint32_t>(places_.size());
  const bool filed_by_client = of_who == 0 && conditions.networks.empty();
  const bool versions =
      std::ranges::any_of(conditions.clients, [](const ClientMatch& c) { return c.versions.has_value(); });
  card.more_of_device = (!conditions.clients.empty() && !filed_by_client) || versions ||
                        !conditions.certificates.empty() || !conditions.usb.empty();
  return card;
}

std::vector<NetworkTable::Number> RuleIndex::numbers_of(const std::vector<IpNetwork>& networks) {
  std::vector<NetworkTable::Number> numbers;
  numbers.reserve(networks.size());
  for (const IpNetwork& network : networks) numbers.push_back(networks_.number_of(network));
  return numbers;
}

template <class Map, class Keys>
void RuleIndex::file_under(Dimension<Map>& dimension, const Keys& keys, Rank rank) {
  for (const auto& key : keys) {
    Ranks& ranks = dimension.by_key[key];
    if (ranks.empty() || ranks.back() != rank) ranks.push_back(rank);
  }
  if (denies(rank)) dimension.denials.push_back(rank);
}

void RuleIndex::file(const Rule& rule, Rank rank) {
  if (!rule.who.users.empty()) {
    for (const std::string& user : rule.who.users) by_user_[user].push_back(rank);
  } else if (!rule.who.groups.empty()) {
    file_under(group_, group_ids_[rank], rank);
  } else if (!rule.who.pools.empty()) {
    file_under(pool_, rule.who.pools, rank);
  } else if (!rule.who.labels.empty()) {
    file_under(label_, rule.who.labels, rank);
  } else if (!rule.conditions.networks.empty()) {
    file_under(network_, numbers_of(rule.conditions.networks), rank);
  } else if (!rule.conditions.clients.empty()) {
    file_under(client_, kinds_of(rule.conditions.clients), rank);
  } else {
    anybody_.push_back(rank);
  }
}

// One question on its way through the index.
class RuleIndex::Search {
 public:
  Search(const RuleIndex& index, std::span<const Rule> rules, const Subject& subject, ChannelIndex what)
      : index_(index),
        rules_(rules),
        subject_(subject),
        channel_(bit(what)),
        situations_(index.situation_like_.size()),
        is_there_(index.networks_.size()) {
    if (!subject.request.address) return;
    networks_ = index.networks_.holding(*subject.request.address);
    for (const NetworkTable::Number network : networks_) is_there_[network] = true;
  }
  // That hold the client's address.
  [[nodiscard]] std::span<const NetworkTable::Number> networks() const noexcept { return networks_; }

  void look_at(const Ranks& ranks) {
    begins_.push_back(permissions_.size());
    for (const Rank rank : ranks) {
      if (rank >= end_) return;
      if ((index_.cards_[rank].channels & channel_) == 0 || !applies_here(rank)) continue;
      if (index_.denies(rank)) {
        end_ = rank;  // only an earlier denial is of interest now
        return;
      }
      permissions_.push_back(rank);
    }
  }
  template <class Map, class Key>
  void look_under(const Map& map, const Key& key) {
    if (const auto found = map.find(key); found != map.end()) look_at(found->second);
  }

  [[nodiscard]] Applying result() {
    if (index_.denies(end_)) return {.denial = index_.by_rank_[end_], .permissions = {}};
    merge_unique(permissions_, std::move(begins_));
    for (Rank& rank : permissions_) rank = index_.by_rank_[rank];
    return {.denial = std::nullopt, .permissions = std::move(permissions_)};
  }

 private:
  [[nodiscard]] bool applies_here(Rank rank) {
    const Effect effect = index_.denies(rank) ? Effect::kDeny : Effect::kAllow;
    const Card& card = index_.cards_[rank];
    if (!applies(effect, situation(card.situation))) return false;
    if (card.places_begin != card.places_end && !applies(effect, is_at(card))) return false;
    // It was found where it is filed: that much holds, or is not known and then it denies.
    const Rule& rule = rules_[index_.by_rank_[rank]];
    return (!card.more_of_who || applies(effect, holds(rule.who, index_.group_ids_[rank], subject_))) &&
           (!card.more_of_device || applies(effect, holds_with(rule.conditions, effect, subject_.request)));
  }
  // Whether the client is in one of its networks.
  [[nodiscard]] Truth is_at(const Card& card) const {
    if (!subject_.request.address) return Truth::kUnknown;
    const std::span places = std::span(index_.places_).subspan(card.places_begin, card.places_end - card.places_begin);
    const auto there = [this](NetworkTable::Number network) { return is_there_[network]; };
    return std::ranges::any_of(places, there) ? Truth::kYes : Truth::kNo;
  }
  [[nodiscard]] Truth situation(std::uint32_t number) {
    std::optional<Truth>& judged = situations_[number];
    if (!judged) judged = holds_now(rules_[index_.situation_like_[number]].conditions, subject_.request);
    return *judged;
  }

  const RuleIndex& index_;
  std::span<const Rule> rules_;
  const Subject& subject_;
  const std::uint32_t channel_;
  std::vector<std::optional<Truth>> situations_;
  std::vector<NetworkTable::Number> networks_;
  std::vector<bool> is_there_;  // the same, by number
  Rank end_ = ~Rank{0};
  Ranks permissions_;
  std::vector<std::size_t> begins_;  // of the lists in it
};

RuleIndex::Applying RuleIndex::find(std::span<const Rule> rules, const Subject& subject, ChannelIndex what) const {
  const Request& request = subject.request;
  Search search(*this, rules, subject, what);
  search.look_at(anybody_);
  search.look_under(by_user_, request.user);
  for (const GroupId group : subject.groups.all()) search.look_under(group_.by_key, group);
  if (!request.groups_known) search.look_at(group_.denials);

  if (request.pool) {
    search.look_under(pool_.by_key, *request.pool);
  } else {
    search.look_at(pool_.denials);
  }
  if (request.labels) {
    for (const std::string& label : *request.labels) search.look_under(label_.by_key, label);
  } else {
    search.look_at(label_.denials);
  }
  if (request.address) {
    for (const NetworkTable::Number network : search.networks()) search.look_under(network_.by_key, network);
  } else {
    search.look_at(network_.denials);
  }
  if (request.client_kind) {
    search.look_under(client_.by_key, *request.client_kind);
  } else {
    search.look_at(client_.denials);
  }
  return search.result();
}

}  // namespace tobari::policy
