// SPDX-License-Identifier: GPL-3.0-or-later
// One user of a storm at a real broker: what is final is final, what breaks is asked again at the next one.
#include "storm_user.h"

#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <tobari/base/random.h>
#include <tobari/net/pki.h>

#include "../../integration/broker/running_broker.h"

namespace tobari::load {
namespace {

namespace asio = boost::asio;

constexpr std::uint16_t kNobodyListens = 1;

class StormUserTest : public ::testing::Test {
 protected:
  StormUserTest() {
    EXPECT_TRUE(running_.init());
    EXPECT_TRUE(running_.start());
    const auto made = running_.call("POST", "/api/v1/users", running_.sign_in("root"),
                                    R"({"name":"user00000","password":"correct password"})");
    EXPECT_EQ(made.status, 201) << made.body;
    plan_.brokers = {{"127.0.0.1", running_.broker->portal_endpoint().port}};
    plan_.ca_pem = broker::read_small_file(running_.config.state_dir / "ca.crt").value();
    plan_.password = "correct password";
    plan_.pool = random_uuid();
    plan_.patience = std::chrono::seconds(20);
  }

  UserOutcome live() {
    asio::io_context io(1);
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.add_certificate_authority(asio::buffer(plan_.ca_pem));
    StormUser user(plan_, 0, io, tls);
    UserOutcome outcome;
    asio::co_spawn(io, user.live(StormUser::Steady::now()),
                   [&outcome](const std::exception_ptr& error, UserOutcome lived) {
                     EXPECT_TRUE(error == nullptr);
                     outcome = std::move(lived);
                   });
    io.run();
    return outcome;
  }

  broker::RunningBroker running_;
  StormPlan plan_;
};

TEST_F(StormUserTest, SignsInLooksAndIsToldThatThereIsNoSuchPool) {
  const UserOutcome outcome = live();
  EXPECT_EQ(outcome.user, "user00000");
  EXPECT_GT(outcome.login_ms, 0);
  EXPECT_GT(outcome.list_ms, 0);
  EXPECT_FALSE(outcome.done);
  EXPECT_TRUE(outcome.problem.starts_with("404")) << outcome.problem;
  EXPECT_EQ(outcome.lines_lost, 0U);
  EXPECT_TRUE(outcome.session.empty());
}

TEST_F(StormUserTest, AWrongPasswordIsFinal) {
  plan_.password = "another password";
  const UserOutcome outcome = live();
  EXPECT_FALSE(outcome.done);
  EXPECT_TRUE(outcome.problem.starts_with("401")) << outcome.problem;
  EXPECT_EQ(outcome.login_ms, 0);
}

TEST_F(StormUserTest, GoesOnAtTheNextBroker) {
  plan_.brokers.insert(plan_.brokers.begin(), BrokerAddress{"127.0.0.1", kNobodyListens});
  const UserOutcome outcome = live();
  EXPECT_EQ(outcome.lines_lost, 1U);
  EXPECT_GT(outcome.list_ms, 0);
  EXPECT_TRUE(outcome.problem.starts_with("404")) << outcome.problem;
}

TEST_F(StormUserTest, GivesUpWhenNobodyIsThere) {
  plan_.brokers = {{"127.0.0.1", kNobodyListens}};
  plan_.patience = std::chrono::milliseconds(400);
  const UserOutcome outcome = live();
  EXPECT_FALSE(outcome.done);
  EXPECT_GE(outcome.lines_lost, 2U);
  EXPECT_GE(outcome.total_ms, 400);
  EXPECT_TRUE(outcome.problem.starts_with("connect")) << outcome.problem;
}

TEST_F(StormUserTest, BelievesNoOtherAuthority) {
  const net::Validity valid{std::chrono::system_clock::now(), 1};
  plan_.ca_pem = net::make_ca("somebody else", valid).value().certificate_pem;
  plan_.patience = std::chrono::milliseconds(300);
  const UserOutcome outcome = live();
  EXPECT_TRUE(outcome.problem.starts_with("TLS")) << outcome.problem;
  EXPECT_EQ(outcome.login_ms, 0);
}

}  // namespace
}  // namespace tobari::load
