// SPDX-License-Identifier: GPL-3.0-or-later
// One decision under 10,000 rules that all speak about the same channel, in files of several shapes, and how long the
// largest file that the loader takes needs.
#include <algorithm>
#include <ctime>
#include <format>
#include <functional>
#include <print>
#include <random>
#include <string>
#include <vector>

#include <tobari/policy/policy_set.h>
#include <tobari/policy/yaml_loader.h>

namespace {

using namespace tobari::policy;

constexpr int kRules = 10'000;
constexpr int kDecisions = 20'000;
constexpr ChannelIndex kConnect = find_channel("connect").value();

// Of this thread, so that a busy machine does not count.
double cpu_microseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

std::string numbered(const char* word, int number) { return word + std::to_string(number); }

Rule rule(int i) {
  Rule out{.name = numbered("rule ", i), .effect = i % 10 == 0 ? Effect::kDeny : Effect::kAllow, .what = {kConnect}};
  if (out.effect == Effect::kAllow) out.require.idle_timeout = std::chrono::seconds(600 + i);
  return out;
}

// 200 groups of 50 users in 20 groups of groups.
std::vector<Group> groups() {
  std::vector<Group> all;
  for (int g = 0; g < 200; ++g) {
    Group& group = all.emplace_back(Group{.name = numbered("group", g)});
    for (int m = 0; m < 50; ++m) group.users.push_back(numbered("user", g * 50 + m));
  }
  for (int d = 0; d < 20; ++d) {
    Group& department = all.emplace_back(Group{.name = numbered("department", d)});
    for (int g = 0; g < 10; ++g) department.groups.push_back(numbered("group", d * 10 + g));
  }
  return all;
}

IpNetwork network(int i) { return IpNetwork::parse(std::format("10.{}.{}.0/24", i / 256 % 256, i % 256)).value(); }

Window office_hours() {
  Window window;
  window.days.set();
  window.from = std::chrono::hours(8);
  window.until = std::chrono::hours(18);
  static const auto zone =
      std::make_shared<const TimeZone>(TimeZone{.name = "UTC", .offsets = {{.from = {}, .to_local = {}}}});
  window.zone = zone;
  return window;
}

void measure(const char* shape, const std::function<void(Rule&, int)>& narrow) {
  std::vector<Rule> rules;
  for (int i = 0; i < kRules; ++i) narrow(rules.emplace_back(rule(i)), i);
  const PolicySet policy(std::move(rules), groups());
  std::mt19937 random(1);
  std::vector<double> microseconds;
  int allowed = 0;
  for (int i = 0; i < kDecisions; ++i) {
    Request request{.user = numbered("user", static_cast<int>(random() % 20'000)),
                    .groups = {numbered("group", static_cast<int>(random() % 200))},
                    .pool = numbered("pool", static_cast<int>(random() % 500))};
    request.labels = {numbered("label", static_cast<int>(random() % 500))};
    request.address = network(static_cast<int>(random() % 20'000)).address;
    request.client_kind = "tobari-client";
    request.client_version = ClientVersion{{1, 2}};
    request.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + std::chrono::minutes(random() % 1440);
    request.mfa_level = 1 + random() % 3;
    request.sessions = random() % 3;
    const double begin = cpu_microseconds();
    allowed += policy.decide(request, kConnect).allowed ? 1 : 0;
    microseconds.push_back(cpu_microseconds() - begin);
  }
  std::ranges::sort(microseconds);
  std::println("{:<44} p50 {:6.1f} us, p99 {:6.1f} us; {} of {} allowed", shape, microseconds[kDecisions / 2],
               microseconds[kDecisions * 99 / 100], allowed, kDecisions);
}

void measure_loading() {
  std::string text = "version: 1\nrules:\n";
  for (std::size_t i = 0; i < kMaxRules; ++i) {
    text += std::format("- {{name: r{}, what: connect, who: {{user: u{}}}, effect: deny}}\n", i, i);
  }
  const double begin = cpu_microseconds();
  const Loaded loaded = load_text(text);
  std::println("loading {} rules, {} KiB: {:.2f} s{}", kMaxRules, text.size() / 1024,
               (cpu_microseconds() - begin) / 1e6, loaded.policy ? "" : ", refused");
}

}  // namespace

int main() {
  std::println("decide, {} rules about one channel", kRules);
  measure("one user each", [](Rule& r, int i) { r.who.users = {numbered("user", i)}; });
  measure("users, groups and networks, mixed", [](Rule& r, int i) {
    if (i % 2 == 0) r.who.users = {numbered("user", i)};
    if (i % 2 == 1) r.who.groups = {numbered("group", i % 200)};
    if (i % 4 == 3) r.conditions.networks = {network(i)};
  });
  measure("groups of groups, each with hours and mfa", [](Rule& r, int i) {
    r.who.groups = {numbered("department", i % 20)};
    r.conditions.windows = {office_hours()};
    r.conditions.mfa = {.at_least = 2, .below = {}};
  });
  measure("the same with hours and networks of its own", [](Rule& r, int i) {
    r.who.groups = {numbered("department", i % 20)};
    r.conditions.windows = {office_hours()};
    r.conditions.networks = {network(i), IpNetwork::parse("10.0.0.0/8").value()};
  });
  measure("500 pools", [](Rule& r, int i) { r.who.pools = {numbered("pool", i % 500)}; });
  measure("500 labels", [](Rule& r, int i) { r.who.labels = {numbered("label", i % 500)}; });
  measure("one network each", [](Rule& r, int i) { r.conditions.networks = {network(i)}; });
  measure("nothing but hours and mfa (all are looked at)", [](Rule& r, int i) {
    r.conditions.windows = {office_hours()};
    r.conditions.mfa = {.at_least = static_cast<std::uint32_t>(1 + i % 3), .below = {}};
  });
  measure_loading();
}
