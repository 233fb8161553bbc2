// SPDX-License-Identifier: GPL-3.0-or-later
// One decision under 10,000 rules that all speak about the same channel, the worst file that the loader takes.
#include <algorithm>
#include <ctime>
#include <print>
#include <random>
#include <string>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace {

// Of this thread, so that a busy machine does not count.
double cpu_microseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

}  // namespace

int main() {
  using namespace tobari::policy;
  constexpr int kRules = 10'000;
  constexpr int kDecisions = 20'000;
  const ChannelIndex connect = find_channel("connect").value();

  std::vector<Rule> rules;
  std::vector<Group> groups;
  for (int i = 0; i < kRules; ++i) {
    Rule rule;
    rule.name = "rule " + std::to_string(i);
    rule.effect = i % 10 == 0 ? Effect::kDeny : Effect::kAllow;
    rule.what = {connect};
    const std::string number = std::to_string(i);
    if (i % 2 == 0) rule.users = {"user" + number};
    if (i % 2 == 1) rule.groups = {"group" + std::to_string(i % 200)};
    if (i % 4 == 3) rule.networks = {IpNetwork::parse("10." + std::to_string(i % 256) + ".0.0/16").value()};
    rules.push_back(std::move(rule));
  }
  for (int g = 0; g < 200; ++g) {
    Group group{.name = "group" + std::to_string(g), .members = {}};
    for (int m = 0; m < 50; ++m) group.members.push_back("user" + std::to_string(g * 50 + m));
    groups.push_back(std::move(group));
  }
  const PolicySet policy(std::move(rules), std::move(groups));

  std::mt19937 random(1);
  std::vector<double> microseconds;
  int allowed = 0;
  for (int i = 0; i < kDecisions; ++i) {
    const Request request{.user = "user" + std::to_string(random() % 20'000),
                          .groups = {},
                          .pool = "pool",
                          .desktop_id = {},
                          .address = IpAddress::parse("192.0.2.1")};
    const double begin = cpu_microseconds();
    allowed += policy.decide(request, connect).allowed ? 1 : 0;
    microseconds.push_back(cpu_microseconds() - begin);
  }
  std::ranges::sort(microseconds);
  std::println("decide, {} rules: p50 {:.1f} us, p99 {:.1f} us; {} of {} allowed", kRules, microseconds[kDecisions / 2],
               microseconds[kDecisions * 99 / 100], allowed, kDecisions);
}
