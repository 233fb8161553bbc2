// SPDX-License-Identifier: GPL-3.0-or-later
// The programs of simulated hosts at a real broker: enrolled with its tokens, attached over mTLS, and a user's desktop
// runs on one of them and is opened.
#include <filesystem>
#include <format>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tobari/net/tcp_socket.h>

#include "../../integration/broker/running_broker.h"
#include "../../integration/vmhost/processes.h"

namespace tobari::load {
namespace {

using Json = nlohmann::json;
using vmhost::eventually;

class EnrolledHostsTest : public ::testing::Test {
 protected:
  EnrolledHostsTest() {
    EXPECT_TRUE(running_.init());
    EXPECT_TRUE(running_.start());
    admin_ = running_.sign_in("root");
    const std::string tool = TOBARI_SIMULATED_HOST;
    EXPECT_EQ(vmhost::shell(std::format("{} image --images {}", tool, path("images"))), 0);
    std::ofstream tokens(running_.folder / "tokens");
    for (const char* name : {"host-1", "host-2"}) tokens << name << " " << join_token(name) << "\n";
    tokens.close();
    const std::string hosts = path("hosts");
    EXPECT_EQ(vmhost::shell(std::format("{} enrol --state {} --tokens {}", tool, hosts, path("tokens"))), 0);
    displays_.start({TOBARI_SIMULATED_DISPLAY, path("displays")});
    EXPECT_TRUE(eventually([this] { return std::filesystem::exists(path("displays")); }));
    agents_.start({tool, "run", "--state", hosts, "--images", path("images"), "--displays", path("displays"),
                   "--broker", net::to_string(running_.broker->nodes_endpoint())});
  }
  [[nodiscard]] std::string path(const char* name) const { return (running_.folder / name).string(); }
  [[nodiscard]] Json call(const std::string& method, const std::string& what, const std::string& token,
                          const Json& body, int wanted) const {
    const auto answer = running_.call(method, "/api/v1" + what, token, body.is_null() ? "" : body.dump());
    EXPECT_EQ(answer.status, wanted) << method << " " << what << ": " << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }
  [[nodiscard]] std::string join_token(const std::string& name) const {
    return call("POST", "/join-tokens", admin_, {{"role", "host"}, {"name", name}}, 201).value("join_token", "");
  }
  [[nodiscard]] std::size_t connected() const {
    const Json answer = call("GET", "/hosts", admin_, nullptr, 200);
    std::size_t count = 0;
    for (const Json& host : answer.at("hosts")) count += host.value("state", "") == "connected" ? 1 : 0;
    return count;
  }

  broker::RunningBroker running_;
  std::string admin_;
  vmhost::Process displays_;
  vmhost::Process agents_;
};

TEST_F(EnrolledHostsTest, OneRunsAUsersDesktopAndOpensIt) {
  ASSERT_TRUE(eventually([this] { return connected() == 2; }));
  static_cast<void>(call("POST", "/users", admin_, {{"name", "alice"}, {"password", "correct password"}}, 201));
  const std::string desktop =
      call("POST", "/desktops", admin_, {{"user", "alice"}, {"image", "small"}, {"host", "host-2"}}, 201)
          .value("id", "");
  const std::string alice = running_.sign_in("alice");
  broker::Response answer;
  ASSERT_TRUE(eventually([&] {
    answer = running_.call("POST", "/api/v1/desktops/" + desktop + "/connect", alice);
    return answer.status != 503;
  })) << answer.body;
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body).value("certificate_sha256", "").size(), 64U);
  std::ifstream machines(running_.folder / "hosts/host-2/machines");
  std::string line;
  ASSERT_TRUE(std::getline(machines, line));
  EXPECT_TRUE(line.ends_with(" up " + desktop)) << line;
  EXPECT_FALSE(std::filesystem::exists(running_.folder / "hosts/host-1/machines") &&
               std::filesystem::file_size(running_.folder / "hosts/host-1/machines") > 0)
      << "the other one runs nothing";
  EXPECT_EQ(agents_.end(SIGTERM), 0) << "it ends in order";
}

}  // namespace
}  // namespace tobari::load
