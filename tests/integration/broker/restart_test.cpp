// SPDX-License-Identifier: GPL-3.0-or-later
// Starting, stopping, starting again; bad configurations.
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "running_broker.h"

namespace tobari::broker {
namespace {

using ::testing::HasSubstr;

TEST(BrokerRestart, LosesNothingAndStopsInTime) {
  RunningBroker running;
  ASSERT_TRUE(running.init().has_value());
  ASSERT_TRUE(running.start().has_value());
  const std::string admin = running.sign_in("root");
  ASSERT_EQ(running.call("POST", "/api/v1/users", admin, R"({"name":"alice","password":"correct password"})").status,
            201);
  const auto began = std::chrono::steady_clock::now();
  running.broker->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
  ASSERT_TRUE(running.start().has_value());
  EXPECT_EQ(running.call("GET", "/api/v1/me", admin).status, 200);  // tokens live on
  EXPECT_FALSE(running.sign_in("alice").empty());
}

TEST(BrokerRestart, InitIsForOnce) {
  RunningBroker running;
  EXPECT_THAT(running.start().error().message, HasSubstr("tobari-broker init"));
  ASSERT_TRUE(running.init().has_value());
  EXPECT_THAT(running.init().error().message, HasSubstr("already"));
}

TEST(BrokerRestart, APolicyWithAnErrorIsRefusedByLine) {
  RunningBroker running;
  ASSERT_TRUE(running.init().has_value());
  running.write("policy.yaml",
                "version: 1\nrules:\n  - name: a\n    what: [connect]\n    effect: allow\n"
                "  - name: b\n    what: [clipbord]\n    effect: allow\n");
  const auto refused = running.start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr(":7:"));
}

TEST(BrokerRestart, ABadReloadKeepsThePolicy) {
  RunningBroker running;
  ASSERT_TRUE(running.init().has_value());
  ASSERT_TRUE(running.start().has_value());
  running.write("policy.yaml", "nonsense");
  running.broker->reload_policy();
  EXPECT_FALSE(running.sign_in("root").empty());
}

TEST(BrokerConfig, ErrorsNameFileAndKey) {
  RunningBroker running;
  const auto message_for = [&running](const std::string& text) {
    running.write("broker.yaml", text);
    return load_config(running.folder / "broker.yaml").error().message;
  };
  EXPECT_THAT(message_for("listen: 127.0.0.1:1\n"), HasSubstr("broker.yaml: 'nodes_listen' is missing"));
  EXPECT_THAT(message_for("lisen: 127.0.0.1:1\n"), HasSubstr("unknown key 'lisen'"));
  EXPECT_THAT(message_for("listen: here\n"), HasSubstr("broker.yaml:1: 'listen'"));
  EXPECT_THAT(message_for("a: b\n c\n: d"), HasSubstr("broker.yaml"));
  const std::string rest =
      "listen: 127.0.0.1:1\nnodes_listen: 127.0.0.1:2\ngateway_address: 127.0.0.1:3\npublic_names: [a]\n"
      "state_dir: /x\npolicy: /y\n";
  const std::string bad = message_for(rest + "database: postgresql://tobari:s3cret@[::1/x\n");
  EXPECT_THAT(bad, HasSubstr("broker.yaml: 'database'"));
  EXPECT_THAT(bad, ::testing::Not(HasSubstr("s3cret")));
  for (const auto& [authorities, problem] : std::vector<std::pair<std::string, const char*>>{
           {"house", "must list 1 to 16 maps of name, file"},
           {"[]", "must list 1 to 16 maps of name, file"},
           {"[{name: a}]", "needs 'file' in each"},
           {"[{name: a, file: /a, key: b}]", "and nothing else"},
           {"[{name: a, file: a.pem}]", "absolute path as file of 'a'"},
           {"[{name: a, file: /a}, {name: a, file: /b}]", "has 'a' twice"}}) {
    EXPECT_THAT(message_for(rest + "device_authorities: " + authorities + "\n"),
                ::testing::AllOf(HasSubstr("broker.yaml:7: 'device_authorities'"), HasSubstr(problem)));
  }
  EXPECT_THAT(load_config("/nonexistent.yaml").error().message, HasSubstr("/nonexistent.yaml"));
}

}  // namespace
}  // namespace tobari::broker
