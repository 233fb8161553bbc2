// SPDX-License-Identifier: GPL-3.0-or-later
// Random policies and requests, drawn from few names so that rules often meet. The same seed gives the same ones.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {

struct RandomPolicy {
  std::vector<Rule> rules;
  std::vector<Group> groups;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  // 0 .. below - 1
  std::uint32_t roll(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  bool one_in(std::uint32_t n) { return roll(n) == 0; }
  std::string name() { return std::string(1, static_cast<char>('a' + roll(4))); }
  std::vector<std::string> names(std::uint32_t most);

 private:
  std::mt19937_64 random_;
};

[[nodiscard]] RandomPolicy random_policy(Dice& dice);
[[nodiscard]] Rule random_rule(Dice& dice, std::size_t number);
[[nodiscard]] Request random_request(Dice& dice);
// Few of them, so that the rules of a policy speak of the same.
[[nodiscard]] ChannelIndex random_channel(Dice& dice);

}  // namespace tobari::policy
