// SPDX-License-Identifier: GPL-3.0-or-later
// The policy in force: replaced by a good file, kept when the new one is bad, asked with what the broker knows.
#include "daemon/policy_file.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include <tobari/base/clock.h>

#include "daemon/device_authorities.h"

namespace tobari::broker {
namespace {

class PolicyFileTest : public testing::Test {
 protected:
  void write(const std::string& rules) { std::ofstream(path_) << "version: 1\nrules:\n" << rules; }
  void TearDown() override { std::filesystem::remove(path_); }
  static AccessQuestion question(const char* what = "connect") {
    return {.user = "alice",
            .desktop_id = "d",
            .client_address = "10.0.0.1",
            .what = what,
            .pool = "",
            .labels = std::vector<std::string>()};
  }

  const std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) / ("policy-" + std::to_string(::getpid()) + ".yaml");
  ManualClock clock_;  // begins on 20 December 2019, 0:00 UTC, a Friday
  PolicyFile policy_{path_, clock_};
};

TEST_F(PolicyFileTest, TellsWhenOtherRulesAreInForce) {
  int changes = 0;
  policy_.on_changed([this, &changes] {
    ++changes;
    static_cast<void>(policy_.decide(question()));  // no lock is held
  });
  EXPECT_FALSE(policy_.load().has_value()) << "there is no file";
  EXPECT_FALSE(policy_.decide(question()).allowed);
  write("- {name: open, what: connect, effect: allow}\n");
  ASSERT_TRUE(policy_.load().has_value());
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(policy_.decide(question()).rule, "open");
}

TEST_F(PolicyFileTest, KeepsTheOldRulesWhenTheNewOnesAreBad) {
  write("- {name: open, what: connect, effect: allow}\n");
  ASSERT_TRUE(policy_.load().has_value());
  int changes = 0;
  policy_.on_changed([&changes] { ++changes; });
  write("- {name: shut, what: conect, effect: deny}\n");
  const auto loaded = policy_.load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().message, testing::HasSubstr("yaml:3: error: unknown channel 'conect'"));
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(policy_.decide(question()).rule, "open");
}

TEST_F(PolicyFileTest, KnowsTheTimeOfTheQuestion) {
  write(
      "- {name: office, what: connect, effect: allow, when: [{days: fri, from: '08:00', until: '09:00', zone: "
      "UTC}]}\n");
  ASSERT_TRUE(policy_.load().has_value());
  EXPECT_FALSE(policy_.decide(question()).allowed);
  clock_.advance(std::chrono::hours(8));
  EXPECT_TRUE(policy_.decide(question()).allowed);
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(policy_.decide(question()).allowed);
}

TEST_F(PolicyFileTest, AsksWithWhatTheBrokerKnows) {
  write(
      R"(- {name: open, what: connect, effect: allow, client: [{kind: tobari-client, at_least: '0.1'}], sessions: {below: 1}, mfa: {below: 2}}
- {name: pools, what: connect, who: {pool: [p]}, effect: deny}
)");
  ASSERT_TRUE(policy_.load().has_value());
  AccessQuestion asked = question();
  EXPECT_FALSE(policy_.decide(asked).allowed) << "the client is not known";
  asked.client = "tobari-client/0.1.0";
  asked.sessions = 0;
  EXPECT_TRUE(policy_.decide(asked).allowed) << "and the desktop is known to be in no pool";
  asked.client = "tobari-client";
  EXPECT_FALSE(policy_.decide(asked).allowed) << "its version is not known";
  asked.client = "tobari-client/0.1.0";
  asked.sessions = 1;
  EXPECT_FALSE(policy_.decide(asked).allowed);
}

TEST_F(PolicyFileTest, PoolsAndLabelsDecide) {
  write(
      R"(- {name: trading, what: connect, who: {pool: [trading]}, effect: allow}
- {name: shared, what: connect, who: {label: [shared]}, effect: allow}
- {name: not-the-lab, what: connect, who: {label: [lab]}, effect: deny}
)");
  ASSERT_TRUE(policy_.load().has_value());
  AccessQuestion asked = question();
  EXPECT_FALSE(policy_.decide(asked).allowed) << "it is in no pool";
  asked.pool = "trading";
  EXPECT_EQ(policy_.decide(asked).rule, "trading");
  asked.labels = {"lab", "east"};
  EXPECT_EQ(policy_.decide(asked).rule, "not-the-lab");
  asked.pool = "office";
  asked.labels = {"east", "shared"};
  EXPECT_EQ(policy_.decide(asked).rule, "shared");
  asked.pool.reset();
  asked.labels.reset();
  EXPECT_EQ(policy_.decide(asked).rule, "not-the-lab") << "what is not known denies";
}

TEST_F(PolicyFileTest, TheNetworkIsThatOfTheDesktopsPool) {
  std::ofstream(path_) << R"(version: 1
rules: []
egress:
  - {name: mail, who: {pool: [office]}, to: [192.0.2.0/24], effect: allow}
)";
  ASSERT_TRUE(policy_.load().has_value());
  Desktop desktop;
  desktop.id = DesktopId::random();
  const policy::DesktopNetwork outside = policy_.network_of(desktop);
  EXPECT_TRUE(outside.egress.value().empty()) << "of no pool";
  desktop.pool_name = "office";
  const policy::DesktopNetwork inside = policy_.network_of(desktop);
  ASSERT_EQ(inside.egress.value().size(), 1U);
  EXPECT_EQ(inside.egress->front().rule, "mail");
}

TEST_F(PolicyFileTest, AsksWithTheDevice) {
  write(
      "- {name: house, what: connect, certificate: [{issuer: house-devices}], effect: allow}\n"
      "- {name: lost, what: connect, certificate: [{sha256: '" +
      std::string(62, '0') + "07'}], effect: deny}\n");
  ASSERT_TRUE(policy_.load().has_value());
  AccessQuestion asked = question();
  EXPECT_EQ(policy_.decide(asked).rule, "lost") << "what is not known denies";
  asked.device.emplace();
  EXPECT_EQ(policy_.decide(asked).rule, "") << "none was shown";
  asked.device = {.sha256 = policy::Sha256Bytes{7}, .issuer = "house-devices"};
  EXPECT_EQ(policy_.decide(asked).rule, "house");
  asked.device->sha256->back() = 7;
  asked.device->sha256->front() = 0;
  EXPECT_EQ(policy_.decide(asked).rule, "lost");
}

TEST(DeviceRules, ThatNoDeviceCanMeetAreSaid) {
  const auto loaded = policy::load_text(
      "version: 1\nrules:\n- {name: a, what: connect, certificate: [{issuer: house}, {issuer: huose}], effect: allow}\n"
      "- {name: b, what: connect, certificate: [{sha256: '" +
      std::string(64, '0') +
      "'}], effect: deny}\n"
      "- {name: c, what: connect, effect: allow}\n");
  ASSERT_TRUE(loaded.policy.has_value());
  EXPECT_TRUE(loaded.findings.empty());
  const auto unasked = check_device_rules(*loaded.policy, {});
  ASSERT_EQ(unasked.size(), 2U);
  EXPECT_EQ(unasked[0].line, 3);
  EXPECT_THAT(unasked[0].message, testing::HasSubstr("never allows, and denies always"));
  EXPECT_THAT(unasked[1].message, testing::HasSubstr("rule 'b'"));
  const auto mistyped = check_device_rules(*loaded.policy, {"house"});
  ASSERT_EQ(mistyped.size(), 1U);
  EXPECT_THAT(mistyped[0].message, testing::HasSubstr("no device authority 'huose'"));
  EXPECT_TRUE(check_device_rules(*loaded.policy, {"house", "huose"}).empty());
}

TEST_F(PolicyFileTest, GrantsWithTheAnswer) {
  write("- {name: open, what: [connect, audio.play], effect: allow, require: {idle_timeout: 10m}}\n");
  ASSERT_TRUE(policy_.load().has_value());
  const AccessAnswer answer = policy_.decide(question());
  EXPECT_EQ(answer.grant.channels.size(), 2U);
  EXPECT_EQ(answer.grant.idle_timeout, std::chrono::minutes(10));
  EXPECT_TRUE(policy_.decide(question("audio.play")).grant.channels.empty())
      << "only who connects is granted a session";
}

}  // namespace
}  // namespace tobari::broker
