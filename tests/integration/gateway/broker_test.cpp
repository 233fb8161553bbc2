// SPDX-License-Identifier: GPL-3.0-or-later
// The gateway with a broker behind gRPC and mutual TLS: from the join token to the first byte from the front.
#include <filesystem>
#include <optional>

#include <tobari/base/random.h>
#include <tobari/net/node_link.h>

#include "gateway/grpc_route_resolver.h"
#include "gateway_fixture.h"
#include "support/fake_broker.h"

namespace tobari::gateway {
namespace {

namespace fs = std::filesystem;

using std::chrono::milliseconds;
using testing_support::FakeBroker;

class GatewayWithBroker : public testing::Test {
 protected:
  GatewayWithBroker() {
    broker_.emplace(ca_);
    address_ = broker_->address();
    const auto id = node::enrol(broker_->join_token(), node::Role::kGateway, "edge", dir_);
    EXPECT_TRUE(id.has_value()) << describe(id.error());
  }
  void start(milliseconds redeem_deadline) {
    routes_.emplace(node::open(dir_, address_).value(), redeem_deadline);
    gateway_.emplace(*routes_, Limits{});
  }
  ~GatewayWithBroker() override {
    gateway_.reset();
    fs::remove_all(dir_);
  }
  std::string new_token() {
    std::string token = random_token();
    broker_->add_route(token, front_.endpoint().address, front_.endpoint().port);
    return token;
  }
  UniqueFd ask(const std::string& token) {
    UniqueFd client = gateway_->connect();
    send_all(client.get(), connection_request("Cookie: msts=" + token));
    return client;
  }

  net::Identity ca_ = net::make_ca("test CA", FakeBroker::day()).value();
  fs::path dir_ = fs::temp_directory_path() / ("gateway." + random_uuid());
  std::optional<FakeBroker> broker_;
  std::string address_;
  FrontListener front_;
  std::optional<GrpcRouteResolver> routes_;
  std::optional<RunningGateway> gateway_;
};

TEST_F(GatewayWithBroker, RoutesATokenOnceAndTellsWhoAsked) {
  start(kPatience);
  const std::string token = new_token();
  const UniqueFd client = ask(token);
  const UniqueFd front = front_.accept();
  send_all(front.get(), "!");
  EXPECT_EQ(receive_exactly(client.get(), 1), "!");
  EXPECT_EQ(receive_until_closed(ask(token).get()), "");
  EXPECT_EQ(gateway_->counters().of(Refusal::kUnknownToken), 1U);
  EXPECT_THAT(broker_->clients(), testing::Each(std::string("127.0.0.1")));
  EXPECT_THAT(broker_->last_caller(), testing::StartsWith("tobari://gateway/"));
}

TEST_F(GatewayWithBroker, WhileTheBrokerIsAwaySessionsGoOnAndAfterwardsNewOnesCome) {
  start(milliseconds(1500));
  const UniqueFd client = ask(new_token());
  const UniqueFd front = front_.accept();
  const int port = broker_->port();
  broker_.reset();

  EXPECT_EQ(receive_until_closed(ask(random_token()).get()), "");
  EXPECT_EQ(gateway_->counters().of(Refusal::kBrokerAway), 1U);
  send_all(front.get(), "going on");
  EXPECT_EQ(receive_exactly(client.get(), 8), "going on");

  broker_.emplace(ca_, port);
  ASSERT_EQ(broker_->port(), port);
  const auto answered = [this] {
    const Counters counters = gateway_->counters();
    return counters.routed + counters.of(Refusal::kBrokerAway);
  };
  const auto routed_again = [&] {
    const std::uint64_t before = answered();
    const UniqueFd again = ask(new_token());
    wait_until([&] { return answered() > before; }, "an answer");
    return gateway_->counters().routed == 2;
  };
  wait_until(routed_again, "the gateway found the broker again");
}

TEST_F(GatewayWithBroker, StoppingDoesNotWaitForABrokerThatIsAway) {
  start(6 * kPatience);
  broker_.reset();
  const UniqueFd client = ask(random_token());
  wait_until([this] { return gateway_->counters().accepted == 1; }, "accepted");
  const auto begin = std::chrono::steady_clock::now();
  gateway_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
}

}  // namespace
}  // namespace tobari::gateway
