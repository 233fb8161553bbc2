// SPDX-License-Identifier: GPL-3.0-or-later
// A broker whose policy two people change: files, restarts, and what lies where nobody looked.
#include <gmock/gmock.h>

#include "core/sha256.h"
#include "running_broker.h"

namespace tobari::broker {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOther = "version: 1\nrules:\n  - name: other\n    what: [connect]\n    effect: allow\n";

class TwoPeople : public ::testing::Test {
 protected:
  void SetUp() override {
    running.config.two_people = true;
    ASSERT_TRUE(running.init().has_value());
    ASSERT_TRUE(running.start().has_value());
    root = running.sign_in("root");
    ASSERT_EQ(
        running.call("POST", "/api/v1/users", root, R"({"name":"second","password":"correct password","role":"admin"})")
            .status,
        201);
    second = running.sign_in("second");
  }
  std::string approved() const {
    return nlohmann::json::parse(running.call("GET", "/api/v1/policy", root).body).at("approved");
  }
  Response propose(const std::string& text) const {
    return running.call("POST", "/api/v1/policy/proposals", root, R"({"sha256":")" + sha256_hex(text) + R"("})");
  }
  Response approve(const std::string& text) const {
    return running.call("POST", "/api/v1/policy/proposals/" + sha256_hex(text) + "/approve", second);
  }
  Result<void> restart() {
    running.broker.reset();
    return running.start();
  }

  RunningBroker running;
  std::string root, second;
};

TEST_F(TwoPeople, TheFileAloneChangesNothing) {
  EXPECT_EQ(approved(), sha256_hex(kAllowAll)) << "what was there when two people became needed";
  running.write("policy.yaml", kOther);
  running.broker->reload_policy();
  EXPECT_EQ(approved(), sha256_hex(kAllowAll));
  ASSERT_TRUE(restart().has_value());
  EXPECT_EQ(approved(), sha256_hex(kAllowAll)) << "nor does a restart";
}

TEST_F(TwoPeople, WhatWasApprovedOutlivesARestartAndTheFile) {
  running.write("policy.yaml", kOther);
  ASSERT_EQ(propose(kOther).status, 201);
  ASSERT_TRUE(restart().has_value());  // also in between
  ASSERT_EQ(approve(kOther).status, 200);
  EXPECT_EQ(approved(), sha256_hex(kOther));
  std::filesystem::remove(running.folder / "policy.yaml");
  ASSERT_TRUE(restart().has_value());
  EXPECT_EQ(approved(), sha256_hex(kOther));
}

TEST_F(TwoPeople, WhatIsReplacedAfterItWasProposedIsNotApproved) {
  running.write("policy.yaml", kOther);
  ASSERT_EQ(propose(kOther).status, 201);
  std::ofstream(running.config.state_dir / "policies" / (sha256_hex(kOther) + ".yaml")) << kAllowAll;
  EXPECT_EQ(approve(kOther).status, 400);
  EXPECT_EQ(approved(), sha256_hex(kAllowAll));
}

TEST_F(TwoPeople, ABrokerDoesNotStartWithAnApprovedFileThatWasChanged) {
  std::ofstream(running.config.state_dir / "policies" / (sha256_hex(kAllowAll) + ".yaml")) << kOther;
  const auto started = restart();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().message, HasSubstr("behind the broker's back"));
}

TEST_F(TwoPeople, ABadFileIsNotProposed) {
  const std::string bad = "version: 1\nrules:\n  - name: a\n    what: [clipbord]\n    effect: allow\n";
  running.write("policy.yaml", bad);
  const Response answer = propose(bad);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(":4: error: unknown channel"));
}

}  // namespace
}  // namespace tobari::broker
