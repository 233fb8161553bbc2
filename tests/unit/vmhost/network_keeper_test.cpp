// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/network_keeper.h"

#include <future>
#include <thread>

#include <gmock/gmock.h>

#include <tobari/vmhost/fake_hypervisor.h>

#include "network/fake_packet_filter.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using policy::Effect;
using policy::IpAddress;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The keeper on a loop of its own; what the test reads are the fakes.
class NetworkKeeperTest : public ::testing::Test {
 protected:
  NetworkKeeperTest() {
    hypervisor_.add_network("desks", "virbr7");
    add_device("virbr7", "192.0.2.1", "192.0.2.0/24");
    NetworkOptions options;
    options.network = "desks";
    keeper_.emplace(
        *loop_, hypervisor_, filter_, resolver_, std::move(options),
        [this] {
          const std::scoped_lock lock(mutex_);
          return Result<std::vector<DeviceAddress>>(devices_);
        },
        NetworkKeeper::Times{.resolve_every = 20ms, .forget_address = 50ms, .try_again = 10ms});
    thread_ = std::jthread([this] { loop_->run(); });
  }
  ~NetworkKeeperTest() override {
    loop_->stop();
    thread_.join();
    keeper_.reset();
  }
  void on_loop(std::function<void()> task) {
    std::promise<void> done;
    loop_->post([&done, task = std::move(task)] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  void want(const policy::DesktopNetwork& network) {
    on_loop([this, network] { keeper_->want({{id_, network}}); });
  }
  Result<NetworkCard> prepare() {
    std::promise<Result<NetworkCard>> card;
    on_loop(
        [this, &card] { keeper_->prepare(id_, [&card](Result<NetworkCard> got) { card.set_value(std::move(got)); }); });
    return card.get_future().get();
  }
  void add_device(const std::string& name, const std::string& address, const std::string& network) {
    const std::scoped_lock lock(mutex_);
    devices_.push_back({name, *IpAddress::parse(address), *policy::IpNetwork::parse(network)});
  }
  void look(const std::set<DesktopId>& running) {
    on_loop([this, running] { keeper_->look(running); });
  }
  static bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  static policy::DesktopNetwork named(const std::string& name) {
    policy::NetworkEntry entry{.rule = "web", .effect = Effect::kAllow, .traffic = {}};
    entry.traffic.domains = {name};
    return {.egress = std::vector{entry}, .ingress = {}};
  }

  const DesktopId id_ = DesktopId::random();
  std::mutex mutex_;
  std::vector<DeviceAddress> devices_;  // this host's
  FakeHypervisor hypervisor_;
  FakePacketFilter filter_;
  FakeNameResolver resolver_;
  std::unique_ptr<Loop> loop_ = *Loop::create();
  std::optional<NetworkKeeper> keeper_;
  std::jthread thread_;
};

TEST_F(NetworkKeeperTest, RulesHoldBeforeTheCardIsThere) {
  EXPECT_EQ(filter_.network(id_), std::nullopt);
  const auto card = prepare();
  ASSERT_TRUE(card) << describe(card.error());
  EXPECT_EQ(card->network, "desks");
  EXPECT_THAT(card->dhcp_servers, ElementsAre("192.0.2.1"));
  EXPECT_EQ(filter_.network(id_), closed_network()) << "nobody has said what it may";
  want({});
  ASSERT_TRUE(prepare());
  EXPECT_EQ(filter_.network(id_), policy::DesktopNetwork());
}

TEST_F(NetworkKeeperTest, AFilterThatCannotBeMadeMakesNoCard) {
  filter_.fail_next_set({Errc::kIo, "no nftables here", "", 0});
  EXPECT_THAT(prepare().error().message, HasSubstr("no nftables here"));
}

TEST_F(NetworkKeeperTest, OtherRulesHoldAtOnceAndEqualOnesAreLeftAlone) {
  want({});
  ASSERT_TRUE(eventually([&] { return filter_.network(id_) == policy::DesktopNetwork(); }));
  want(closed_network());
  ASSERT_TRUE(eventually([&] { return filter_.network(id_) == closed_network(); }));
  const int sets = filter_.sets();
  want(closed_network());
  want({});
  ASSERT_TRUE(eventually([&] { return filter_.network(id_) == policy::DesktopNetwork(); }));
  EXPECT_EQ(filter_.sets(), sets + 1);
}

// Neither the old rules nor none: closed, until it works.
TEST_F(NetworkKeeperTest, WhatCannotBeKeptIsClosed) {
  policy::DesktopNetwork large = closed_network();
  large.egress->resize(kMaxFilterItems + 1);
  want({});
  ASSERT_TRUE(eventually([&] { return filter_.network(id_) == policy::DesktopNetwork(); }));
  want(large);
  ASSERT_TRUE(eventually([&] { return filter_.network(id_) == closed_network(); }));
  want({});
  EXPECT_TRUE(eventually([&] { return filter_.network(id_) == policy::DesktopNetwork(); }));
  filter_.fail_next_set({Errc::kIo, "once", "", 0});
  want(named("www.example.com"));
  EXPECT_TRUE(eventually([&] { return filter_.network(id_) == named("www.example.com"); })) << "tried again";
}

TEST_F(NetworkKeeperTest, LostRulesAreMadeAgainAndForeignOnesRemoved) {
  want({});
  ASSERT_TRUE(eventually([&] { return filter_.network(id_).has_value(); }));
  filter_.flush();
  const DesktopId gone = DesktopId::random();
  const DesktopId ending = DesktopId::random();
  for (const DesktopId& id : {gone, ending}) {
    ASSERT_TRUE(filter_.set({{id, {}}}, {.bridge = "b", .servers = {}, .closed = {}}, {}));
  }
  look({id_, ending});
  EXPECT_TRUE(eventually([&] { return filter_.network(id_).has_value() && !filter_.network(gone).has_value(); }));
  EXPECT_TRUE(filter_.network(ending).has_value()) << "it is not wanted any more, but still runs";
}

TEST_F(NetworkKeeperTest, ANetworkThatTheHostHasGotMeanwhileIsClosedToo) {
  want({});
  look({id_});
  ASSERT_TRUE(eventually([&] { return filter_.text(id_).contains("192.0.2.0/24"); }));
  EXPECT_THAT(filter_.text(id_), Not(HasSubstr("10.8.0.0/16")));
  add_device("tun0", "10.8.0.7", "10.8.0.0/16");
  EXPECT_TRUE(eventually([&] {
    look({id_});
    return filter_.text(id_).contains("10.8.0.0/16");
  }));
}

TEST_F(NetworkKeeperTest, APolicyChangesAlsoWhileLibvirtIsAway) {
  ASSERT_TRUE(prepare());
  hypervisor_.set_available(false);
  want({});
  EXPECT_TRUE(eventually([&] { return filter_.network(id_) == policy::DesktopNetwork(); }));
}

TEST_F(NetworkKeeperTest, WhatIsTooMuchIsNotTriedAgainAndAgain) {
  policy::DesktopNetwork large = closed_network();
  large.egress->resize(kMaxFilterItems + 1);
  want(large);
  ASSERT_TRUE(eventually([&] { return filter_.network(id_) == closed_network(); }));
  const int sets = filter_.sets();
  const DesktopId other = DesktopId::random();
  constexpr int kChanges = 20;
  for (int i = 0; i < kChanges; ++i) {
    const policy::DesktopNetwork network = i % 2 == 0 ? policy::DesktopNetwork() : closed_network();
    on_loop([&] { keeper_->want({{id_, large}, {other, network}}); });
    ASSERT_TRUE(eventually([&] { return filter_.network(other) == network; }));
  }
  EXPECT_EQ(filter_.sets(), sets + kChanges) << "the other one's changes and nothing else";
}

TEST_F(NetworkKeeperTest, NamesAreAskedForAndFollowed) {
  want(named("www.example.com"));
  ASSERT_TRUE(eventually([&] { return filter_.network(id_).has_value(); }));
  EXPECT_THAT(filter_.text(id_), Not(HasSubstr("203.0.113.")));
  resolver_.add("www.example.com", {*IpAddress::parse("203.0.113.5")});
  ASSERT_TRUE(eventually([&] { return filter_.text(id_).contains("203.0.113.5"); }));
  resolver_.add("www.example.com", {*IpAddress::parse("203.0.113.6")});
  ASSERT_TRUE(eventually([&] { return filter_.text(id_).contains("203.0.113.6"); }));
  EXPECT_TRUE(eventually([&] { return !filter_.text(id_).contains("203.0.113.5"); })) << "forgotten after a while";
}

TEST_F(NetworkKeeperTest, WithoutTheNetworkThereIsAReason) {
  FakeHypervisor without;
  std::promise<Result<NetworkCard>> card;
  std::optional<NetworkKeeper> keeper;
  on_loop([&] {
    NetworkOptions options;
    options.network = "desks";
    keeper.emplace(
        *loop_, without, filter_, resolver_, std::move(options),
        [] { return Result<std::vector<DeviceAddress>>(std::vector<DeviceAddress>()); }, NetworkKeeper::Times());
    keeper->prepare(id_, [&card](Result<NetworkCard> got) { card.set_value(std::move(got)); });
  });
  const auto got = card.get_future().get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kNotFound);
  on_loop([&] { keeper.reset(); });
}

}  // namespace
}  // namespace tobari::vmhost
