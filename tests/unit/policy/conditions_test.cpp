// SPDX-License-Identifier: GPL-3.0-or-later
// Each condition alone: with a value that it asks for, with another one, and with one that is not known.
#include <functional>
#include <string>

#include <gmock/gmock.h>

#include <tobari/policy/policy_set.h>

#include "named_channels.h"

namespace tobari::policy {
namespace {

struct Case {
  const char* name;
  std::function<void(Rule&)> condition;
  std::function<void(Request&)> right, wrong, unknown;
};

Window at_nine_utc() {
  Window window;
  window.days.set();
  window.from = std::chrono::hours(9);
  window.until = std::chrono::hours(10);
  window.zone = std::make_shared<TimeZone>(TimeZone{.name = "UTC", .offsets = {{.from = {}, .to_local = {}}}});
  return window;
}

std::chrono::sys_seconds at(int hour) {
  return std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + std::chrono::hours(hour);
}

std::vector<Case> cases() {
  return {
      {"user", [](Rule& r) { r.who.users = {"x", "alice"}; }, [](Request&) {}, [](Request& q) { q.user = "bob"; }, {}},
      {"group", [](Rule& r) { r.who.groups = {"x", "g"}; }, [](Request& q) { q.groups = {"y", "g"}; },
       [](Request& q) { q.groups = {"y"}; }, [](Request& q) { q.groups_known = false; }},
      {"pool", [](Rule& r) { r.who.pools = {"x", "p"}; }, [](Request& q) { q.pool = "p"; },
       [](Request& q) { q.pool = ""; }, [](Request& q) { q.pool = std::nullopt; }},
      {"label", [](Rule& r) { r.who.labels = {"x", "l"}; }, [](Request& q) { q.labels = {"y", "l"}; },
       [](Request& q) { q.labels.emplace(); }, [](Request& q) { q.labels = std::nullopt; }},
      {"network", [](Rule& r) { r.conditions.networks = {IpNetwork::parse("10.0.0.0/8").value()}; },
       [](Request& q) { q.address = IpAddress::parse("10.1.2.3"); },
       [](Request& q) { q.address = IpAddress::parse("11.1.2.3"); }, [](Request& q) { q.address = std::nullopt; }},
      {"client kind", [](Rule& r) { r.conditions.clients = {{"x", {}}, {"tobari-client", {}}}; },
       [](Request& q) { q.client_kind = "tobari-client"; }, [](Request& q) { q.client_kind = "mstsc"; },
       [](Request& q) { q.client_kind = std::nullopt; }},
      {"client version",
       [](Rule& r) {
         r.conditions.clients = {{"c", Range<ClientVersion>{ClientVersion::parse("1.2"), ClientVersion::parse("2")}}};
       },
       [](Request& q) { q.client_kind = "c", q.client_version = ClientVersion::parse("1.2.0"); },
       [](Request& q) { q.client_kind = "c", q.client_version = ClientVersion::parse("2.0"); },
       [](Request& q) { q.client_kind = "c"; }},
      {"certificate by fingerprint", [](Rule& r) { r.conditions.certificates = {{Sha256Bytes{7}, ""}}; },
       [](Request& q) { q.certificate = {Sha256Bytes{7}, "ca"}; },
       [](Request& q) { q.certificate = DeviceCertificate{}; }, [](Request& q) { q.certificate = std::nullopt; }},
      {"certificate by issuer", [](Rule& r) { r.conditions.certificates = {{std::nullopt, "ca"}}; },
       [](Request& q) { q.certificate = {Sha256Bytes{7}, "ca"}; },
       [](Request& q) { q.certificate = {Sha256Bytes{7}, "other"}; }, [](Request& q) { q.certificate = std::nullopt; }},
      {"time", [](Rule& r) { r.conditions.windows = {at_nine_utc()}; }, [](Request& q) { q.time = at(9); },
       [](Request& q) { q.time = at(10); }, [](Request& q) { q.time = std::nullopt; }},
      {"mfa", [](Rule& r) { r.conditions.mfa = {2, {}}; }, [](Request& q) { q.mfa_level = 2; },
       [](Request& q) { q.mfa_level = 1; }, [](Request& q) { q.mfa_level = std::nullopt; }},
      {"sessions", [](Rule& r) { r.conditions.sessions = {{}, 2}; }, [](Request& q) { q.sessions = 1; },
       [](Request& q) { q.sessions = 2; }, [](Request& q) { q.sessions = std::nullopt; }},
      {"usb", [](Rule& r) { r.conditions.usb = {{.device_class = 3, .vendor = {}, .product = {}, .serial = {}}}; },
       [](Request& q) { q.usb = UsbPart{.interface_class = 3}; },
       [](Request& q) { q.usb = UsbPart{.interface_class = 8}; }, [](Request& q) { q.usb = std::nullopt; }},
  };
}

Request alice() {
  Request request;
  request.user = "alice";
  return request;
}

Decision decided(const Case& one, Effect effect, const std::function<void(Request&)>& change) {
  Rule rule{.name = "rule", .effect = effect, .what = {kConnect}};
  one.condition(rule);
  std::vector<Rule> rules{rule};
  if (effect == Effect::kDeny) rules.push_back({.name = "open", .effect = Effect::kAllow, .what = {kConnect}});
  Request request = alice();
  change(request);
  return PolicySet(rules).decide(request, kConnect);
}

TEST(Conditions, APermissionNeedsTheRightValue) {
  for (const Case& one : cases()) {
    EXPECT_TRUE(decided(one, Effect::kAllow, one.right).allowed) << one.name;
    EXPECT_FALSE(decided(one, Effect::kAllow, one.wrong).allowed) << one.name;
    if (one.unknown) {
      EXPECT_FALSE(decided(one, Effect::kAllow, one.unknown).allowed) << one.name;
    }
  }
}

TEST(Conditions, ADenialNeedsTheRightValueOrNone) {
  for (const Case& one : cases()) {
    EXPECT_EQ(decided(one, Effect::kDeny, one.right).rule, "rule") << one.name;
    EXPECT_EQ(decided(one, Effect::kDeny, one.wrong).rule, "open") << one.name;
    if (one.unknown) {
      EXPECT_EQ(decided(one, Effect::kDeny, one.unknown).rule, "rule") << one.name;
    }
  }
}

TEST(Conditions, AllOfThemMustHoldTogether) {
  for (const Case& one : cases()) {
    for (const Case& other : cases()) {
      if (std::string_view(other.name).substr(0, 4) == std::string_view(one.name).substr(0, 4)) continue;
      Rule rule{.name = "rule", .effect = Effect::kAllow, .what = {kConnect}};
      one.condition(rule);
      other.condition(rule);
      Request request = alice();
      one.right(request);
      other.right(request);
      EXPECT_TRUE(PolicySet({rule}).decide(request, kConnect).allowed) << one.name << " and " << other.name;
      other.wrong(request);
      EXPECT_FALSE(PolicySet({rule}).decide(request, kConnect).allowed) << one.name << " and not " << other.name;
    }
  }
}

TEST(Conditions, WhatIsKnownToBeWrongCountsMoreThanWhatIsNotKnown) {
  Rule rule{.name = "rule", .effect = Effect::kDeny, .what = {kConnect}};
  rule.who.pools = {"p"};
  rule.conditions.mfa = {2, {}};
  const PolicySet policy({rule, {.name = "open", .effect = Effect::kAllow, .what = {kConnect}}});
  Request request = alice();
  request.pool = "q";
  EXPECT_EQ(policy.decide(request, kConnect).rule, "open") << "mfa is not known, the pool is another";
}

// Rules that ask for the same hours and numbers are judged together; one that differs in anything is not among them.
TEST(Conditions, RulesThatDifferInOneThingAreJudgedEachAlone) {
  Conditions same;
  same.windows = {at_nine_utc()};
  same.mfa = {1, 3};
  same.sessions = {0, 3};
  const auto other_days = [](Conditions& c) { c.windows[0].days.reset(); };
  const auto only_never = std::make_shared<const Calendar>();
  const auto all_days = std::make_shared<const Calendar>(
      Calendar{.name = "all", .dates = {std::chrono::local_days(std::chrono::year(2026) / 11 / 27)}});
  const auto tokyo = std::make_shared<const TimeZone>(
      TimeZone{.name = "Asia/Tokyo", .offsets = {{.from = {}, .to_local = std::chrono::hours(9)}}});
  const std::vector<std::function<void(Conditions&)>> changes{
      other_days,
      [](Conditions& c) { c.windows[0].from += std::chrono::minutes(30); },
      [](Conditions& c) { c.windows[0].until = std::chrono::hours(9) + std::chrono::minutes(1); },
      [&](Conditions& c) { c.windows[0].zone = tokyo; },
      [&](Conditions& c) { c.windows[0].only = only_never; },
      [&](Conditions& c) { c.windows[0].except = all_days; },
      [](Conditions& c) { c.mfa->at_least = 3; },
      [](Conditions& c) { c.mfa->below = 2; },
      [](Conditions& c) { c.sessions->at_least = 2; },
      [](Conditions& c) { c.sessions->below = 1; }};
  Request request = alice();
  request.time = at(9) + std::chrono::minutes(10);
  request.mfa_level = 2;
  request.sessions = 1;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Rule first{.name = "first", .effect = Effect::kAllow, .what = {kConnect}, .conditions = same};
    changes[i](first.conditions);
    const Rule second{.name = "second", .effect = Effect::kAllow, .what = {kConnect}, .conditions = same};
    EXPECT_EQ(PolicySet({first, second}).decide(request, kConnect).rule, "second") << i;
    EXPECT_EQ(PolicySet({second, first}).decide(request, kConnect).rule, "second") << i;
  }
}

TEST(Groups, HoldGroupsAndThoseOfTheDirectory) {
  Rule rule{.name = "rule", .effect = Effect::kAllow, .what = {kConnect}};
  rule.who.groups = {"all"};
  const PolicySet policy({rule}, {{.name = "all", .users = {}, .groups = {"floor", "ldap"}},
                                  {.name = "floor", .users = {"carol"}, .groups = {"desk"}},
                                  {.name = "desk", .users = {"alice"}}});
  EXPECT_TRUE(policy.decide(alice(), kConnect).allowed) << "through floor";
  Request dave;
  dave.user = "dave";
  EXPECT_FALSE(policy.decide(dave, kConnect).allowed);
  dave.groups = {"ldap"};
  EXPECT_TRUE(policy.decide(dave, kConnect).allowed) << "the directory's group is in the file's";
}

TEST(Groups, ACircleIsOneGroup) {
  Rule rule{.name = "rule", .effect = Effect::kAllow, .what = {kConnect}};
  rule.who.groups = {"a"};
  const PolicySet policy(
      {rule}, {{.name = "a", .users = {}, .groups = {"b"}}, {.name = "b", .users = {"alice"}, .groups = {"a"}}});
  EXPECT_TRUE(policy.decide(alice(), kConnect).allowed);
}

TEST(Groups, ThoseOfTheFileAreKnownWithoutTheDirectory) {
  Rule rule{.name = "rule", .effect = Effect::kAllow, .what = {kConnect}};
  rule.who.groups = {"a"};
  const PolicySet policy({rule}, {{.name = "a", .users = {"alice"}}});
  Request request = alice();
  request.groups_known = false;
  EXPECT_TRUE(policy.decide(request, kConnect).allowed);
}

TEST(Sha256Bytes, AreDigitsInPairsOrNot) {
  std::string plain;
  std::string pairs;
  for (int i = 0; i < 32; ++i) {
    plain += "aF";
    pairs += i > 0 ? ":aF" : "aF";
  }
  EXPECT_EQ(parse_sha256(plain).value()[31], 0xaf);
  EXPECT_EQ(parse_sha256(pairs), parse_sha256(plain));
  for (const std::string& bad :
       {std::string(), plain + "a", plain.substr(1) + "x", pairs.substr(0, 2) + "." + pairs.substr(3),
        "x" + pairs.substr(1), std::string(95, ':')}) {
    EXPECT_EQ(parse_sha256(bad), std::nullopt) << bad;
  }
}

TEST(ClientVersion, IsUpToFourNumbers) {
  EXPECT_EQ(ClientVersion::parse("3.32.1"), (ClientVersion{{3, 32, 1, 0}}));
  EXPECT_EQ(ClientVersion::parse("10.0.22621.1"), (ClientVersion{{10, 0, 22621, 1}}));
  EXPECT_LT(ClientVersion::parse("3.9"), ClientVersion::parse("3.10"));
  for (const char* bad : {"", ".", "1.", ".1", "1..2", "1.2.3.4.5", "v1", "1.2-beta", "-1", "99999999999"}) {
    EXPECT_EQ(ClientVersion::parse(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tobari::policy
