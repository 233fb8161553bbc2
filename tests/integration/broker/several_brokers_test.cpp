// SPDX-License-Identifier: GPL-3.0-or-later
// Two whole brokers on one PostgreSQL, and a host with a line to each.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include <gmock/gmock.h>

#include <tobari/net/node_link.h>

#include "fake_host.h"
#include "postgres/postgres_server.h"
#include "running_broker.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class SeveralBrokers : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = test::PostgresServer::start();
    ASSERT_TRUE(started.has_value()) << describe(started.error());
    server_ = std::move(*started).release();
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override {
    const auto url = server_->new_database();
    ASSERT_TRUE(url.has_value());
    first_ = std::make_unique<RunningBroker>();
    second_ = std::make_unique<RunningBroker>();
    for (RunningBroker* each : {first_.get(), second_.get()}) each->config.postgres = Database::postgres(*url).value();
    ASSERT_TRUE(first_->init().has_value());
    copy_keys();
    const auto further = init_state(second_->config, "", "", second_->clock);
    ASSERT_TRUE(further.has_value()) << further.error().message;
    ASSERT_TRUE(first_->start().has_value());
    ASSERT_TRUE(second_->start().has_value());
    admin_ = first_->sign_in("root");
    ASSERT_FALSE(admin_.empty());
    enrol_host();
    EXPECT_EQ(first_->call("POST", "/api/v1/users", admin_, R"({"name":"alice","password":"correct password"})").status,
              201);
    alice_ = second_->sign_in("alice");
  }
  // docs/DATABASE.md, "Each further broker".
  void copy_keys() const {
    fs::create_directories(second_->config.state_dir);
    fs::permissions(second_->config.state_dir, fs::perms::owner_all);
    for (const char* name : {"ca.crt", "ca.key", "audit.key", "recording.pub"}) {
      if (!fs::exists(first_->config.state_dir / name)) continue;
      fs::copy_file(first_->config.state_dir / name, second_->config.state_dir / name);
      fs::permissions(second_->config.state_dir / name, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
  void enrol_host() {
    const auto made = first_->call("POST", "/api/v1/join-tokens", admin_, R"({"role":"host","name":"host-1"})");
    ASSERT_EQ(made.status, 201) << made.body;
    identity_ = first_->folder / "host";
    fs::create_directory(identity_);
    const auto token = nlohmann::json::parse(made.body).value("join_token", "");
    ASSERT_TRUE(node::enrol(token, node::Role::kHost, "host-1", identity_).has_value());
  }
  [[nodiscard]] std::unique_ptr<FakeHost> line_to(const RunningBroker& broker) const {
    return std::make_unique<FakeHost>(node::open(identity_, net::to_string(broker.broker->nodes_endpoint())).value());
  }
  static bool within(std::chrono::milliseconds time, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(20ms);
    }
    return true;
  }
  std::string make_pool() {
    const auto made = first_->call("POST", "/api/v1/pools", admin_,
                                   R"({"name":"office","kind":"floating","image":"debian","max":4})");
    EXPECT_EQ(made.status, 201) << made.body;
    return nlohmann::json::parse(made.body).value("id", "");
  }
  Response connect(const RunningBroker& broker, const std::string& pool) {
    Response answer;
    within(10s, [&] {
      answer = broker.call("POST", "/api/v1/pools/" + pool + "/connect", alice_);
      return answer.status == 200;
    });
    return answer;
  }

  static test::PostgresServer* server_;
  std::unique_ptr<RunningBroker> first_;
  std::unique_ptr<RunningBroker> second_;
  std::string admin_;
  std::string alice_;
  fs::path identity_;
};

test::PostgresServer* SeveralBrokers::server_ = nullptr;

TEST_F(SeveralBrokers, ADesktopIsOpenedThroughAnyOfThem) {
  const auto host_at_first = line_to(*first_);
  const auto host_at_second = line_to(*second_);
  const std::string pool = make_pool();
  const Response one = connect(*first_, pool);
  ASSERT_EQ(one.status, 200) << one.body;
  const Response two = connect(*second_, pool);
  ASSERT_EQ(two.status, 200) << two.body;
  const auto desktop = nlohmann::json::parse(one.body).at("desktop_id");
  EXPECT_EQ(nlohmann::json::parse(two.body).at("desktop_id"), desktop);
  EXPECT_EQ(second_->call("POST", "/api/v1/desktops/" + std::string(desktop) + "/logoff", alice_).status, 202);
  EXPECT_TRUE(within(
      10s, [&] { return first_->call("GET", "/api/v1/desktops/" + std::string(desktop), admin_).status == 404; }));
}

TEST_F(SeveralBrokers, OneThatEndsIsMissedByNobody) {
  auto host_at_first = line_to(*first_);
  const auto host_at_second = line_to(*second_);
  const std::string pool = make_pool();
  const Response one = connect(*first_, pool);
  ASSERT_EQ(one.status, 200) << one.body;
  host_at_first.reset();
  first_->broker.reset();
  const Response two = connect(*second_, pool);
  ASSERT_EQ(two.status, 200) << two.body;
  EXPECT_EQ(nlohmann::json::parse(two.body).at("desktop_id"), nlohmann::json::parse(one.body).at("desktop_id"));
}

TEST_F(SeveralBrokers, WhatOneDecidesTheOthersHostHearsWithinASecond) {
  const auto host = line_to(*first_);  // and none to the second one
  const std::string pool = make_pool();
  const Response connected = connect(*first_, pool);
  ASSERT_EQ(connected.status, 200) << connected.body;
  const std::string desktop = nlohmann::json::parse(connected.body).at("desktop_id");
  const std::uint64_t before = host->revision();
  EXPECT_EQ(second_->call("POST", "/api/v1/desktops/" + desktop + "/logoff", alice_).status, 202);
  EXPECT_TRUE(within(1500ms, [&] { return host->revision() > before; }));
  EXPECT_TRUE(within(10s, [&] { return second_->call("GET", "/api/v1/desktops/" + desktop, admin_).status == 404; }))
      << "the first one has stored what its host said";
}

TEST_F(SeveralBrokers, EitherRenewsALease) {
  const auto host_at_first = line_to(*first_);
  const auto host_at_second = line_to(*second_);
  host_at_first->ask_lease();
  host_at_second->ask_lease();
  EXPECT_TRUE(within(5s, [&] { return host_at_first->leases() == 1 && host_at_second->leases() == 1; }));
}

TEST_F(SeveralBrokers, WithoutTheDatabaseBothPromise) {
  const auto host_at_first = line_to(*first_);
  const auto host_at_second = line_to(*second_);
  ASSERT_TRUE(within(5s, [&] { return host_at_first->revision() > 0 && host_at_second->revision() > 0; }));
  server_->stop();
  host_at_first->ask_lease();
  host_at_second->ask_lease();
  EXPECT_TRUE(within(20s, [&] { return host_at_first->leases() == 1 && host_at_second->leases() == 1; }));
  ASSERT_TRUE(server_->start_again().has_value());
}

}  // namespace
}  // namespace tobari::broker
