// SPDX-License-Identifier: GPL-3.0-or-later
// HostAgent, Front and BrokerLink as in the program, on a FakeHypervisor, with display processes that are played.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <tobari/vmhost/fake_hypervisor.h>

#include "../../unit/vmhost/test_image.h"
#include "fake_broker.h"
#include "front/front.h"
#include "host/host_agent.h"
#include "host/lease_keeper.h"
#include "keeper/fake_keeper.h"
#include "link/broker_lines.h"

namespace tobari::vmhost {

// The agent asks its brokers for a lease; so many are there besides the fixture's first one.
struct AgentLeases {
  LeaseTimes times;
  std::size_t further_brokers = 0;
};

class AgentFixture : public ::testing::Test {
 protected:
  enum class Keeper : std::uint8_t { kNone, kFake };
  explicit AgentFixture(const std::string& agent_channel, bool instant_clones = false, Keeper keeper = Keeper::kNone,
                        bool containers = false, std::optional<AgentLeases> leases = {})
      : image_(agent_channel, instant_clones),
        broker_(grpc::InsecureServerCredentials()),
        with_keeper_(keeper == Keeper::kFake),
        leases_(leases),
        containers_allowed_(containers) {
    for (std::size_t i = 0; leases_ && i < leases_->further_brokers; ++i) {
      further_.push_back(std::make_unique<FakeBroker>(grpc::InsecureServerCredentials()));
    }
    for (const char* folder : {"agents", "disks", "templates", "bases", "user-disks", "nas"}) {
      std::filesystem::create_directories(image_.dir() / folder);
    }
    start();
  }
  ~AgentFixture() override { stop(); }

  void start() {
    loop_ = *Loop::create();
    Adoption adopted;
    if (with_keeper_) {
      keeper_.emplace(house_);
      adopted = sort_out(keeper_->take(), *keeper_);
    }
    UniqueFd listener = std::move(adopted.front);
    images_.emplace(image_.images(), image_.dir() / "digests");
    disks_.emplace(image_.dir() / "disks", std::nullopt);
    user_disks_.emplace(UserStorage{.folder = image_.dir() / "user-disks"},
                        std::map<std::string, UserStorage>{{"nas", {.folder = image_.dir() / "nas"}}}, std::nullopt);
    disk_claims_ = {};
    containers_.emplace(ContainerStore::Options{
        .bases_dir = image_.dir() / "bases", .disks_dir = image_.dir() / "disks", .first_id = {}});
    template_store_.emplace(image_.dir() / "templates", std::nullopt);
    hypervisor_worker_.emplace(*loop_);
    desktop_workers_.emplace(*loop_, 3);
    disk_worker_.emplace(*loop_);
    recordings_ = *Recordings::create(
        *loop_, {.folder = image_.dir() / "recordings", .least_free = least_free_, .interrupted = adopted.recorded()},
        clock_);
    DesktopServices services{.loop = *loop_,
                             .hypervisor = hypervisor_,
                             .hypervisor_worker = *hypervisor_worker_,
                             .desktop_workers = *desktop_workers_,
                             .disk_worker = *disk_worker_,
                             .images = *images_,
                             .disks = *disks_,
                             .agents_dir = image_.dir() / "agents"};
    templates_.emplace(TemplateServices{.loop = *loop_,
                                        .hypervisor = hypervisor_,
                                        .hypervisor_worker = *hypervisor_worker_,
                                        .disk_worker = *disk_worker_,
                                        .images = *images_,
                                        .disks = *disks_,
                                        .store = *template_store_,
                                        .agents_dir = image_.dir() / "agents"},
                       template_times_);
    services.templates = &*templates_;
    if (containers_allowed_) {
      services.containers = &*containers_;
      services.restarts.first_pause = std::chrono::milliseconds(20);
    }
    services.recordings = recordings_.get();
    services.user_disks = &*user_disks_;
    services.disk_claims = &disk_claims_;
    if (leases_) {
      lease_ =
          *LeaseKeeper::create(*loop_, {.file = lease_file(), .brokers = 1 + further_.size(), .times = leases_->times});
      services.lease = lease_.get();
    }
    services.times.disk_again = std::chrono::milliseconds(100);
    services.display.program = TOBARI_FAKE_DISPLAY;
    services.display.keeper = keeper_ ? &*keeper_ : nullptr;
    services.times.obey_within = std::chrono::seconds(1);
    services.times.hypervisor_again = std::chrono::milliseconds(50);
    services.times.measure_first = std::chrono::milliseconds(50);
    HostAgent::Options options;
    options.desired_file = image_.dir() / "desired";
    options.hello.set_name("host-1");
    options.list_every = std::chrono::milliseconds(200);
    if (leases_) options.events_again = std::chrono::milliseconds(200);
    agent_.emplace(
        std::move(options), std::move(services), *EpochStore::open(image_.dir() / "epochs"),
        EventQueue(image_.dir() / "events"),
        [this](const wire::FromHost& message) {
          if (link_) link_->send(message);
        },
        std::move(adopted));
    std::vector<std::shared_ptr<grpc::Channel>> channels{channel_to(broker_)};
    for (const auto& each : further_) channels.push_back(channel_to(*each));
    link_.emplace(*loop_, channels,
                  BrokerLines::Callbacks{
                      .on_open = [this](const BrokerLines::Send& line) { agent_->on_broker_open(line); },
                      .on_message = [this](std::size_t broker,
                                           const wire::ToHost& message) { agent_->on_broker_message(message, broker); },
                      .on_lost = [this] { agent_->on_broker_lost(); }});
    front_ = *Front::create(
        *loop_, {"127.0.0.1", front_port_.value_or(0)},
        {.first_packet_within = std::chrono::milliseconds(500), .half_open = 3},
        [this](const std::string& token, const std::string& address, int descriptor) {
          return agent_->on_client(token, address, descriptor);
        },
        std::move(listener));
    if (keeper_) {
      keeper_->keep("front", "", front_->listener());
      front_port_ = front_->port();
    }
    // Displays die with the thread that started them: the loop's.
    thread_ = std::jthread([this] { loop_->run(); });
  }
  // As the program ends when it is asked to: displays go on where there is a keeper.
  void stop() {
    loop_->stop();
    thread_.join();
    if (keeper_) agent_->leave_displays();
    front_.reset();
    link_.reset();
    disk_worker_.reset();
    desktop_workers_.reset();
    hypervisor_worker_.reset();
    templates_.reset();
    lease_.reset();
    agent_.reset();
    recordings_.reset();
    keeper_.reset();
    loop_.reset();
  }

  static std::shared_ptr<grpc::Channel> channel_to(const FakeBroker& broker) {
    return grpc::CreateChannel("127.0.0.1:" + std::to_string(broker.port()), grpc::InsecureChannelCredentials());
  }
  std::filesystem::path lease_file() const { return image_.dir() / "lease"; }
  net::Endpoint front() const { return {"127.0.0.1", front_->port()}; }

  TestImage image_;
  FakeBroker broker_;
  FakeHypervisor hypervisor_;
  SystemClock clock_;
  TemplateKeeper::Times template_times_{.hypervisor_again = std::chrono::milliseconds(50),
                                        .failures = {.deaths = 3, .first_pause = std::chrono::milliseconds(10)}};
  std::uint64_t least_free_ = 0;  // of the disk for recordings
  const bool with_keeper_;
  const std::optional<AgentLeases> leases_;
  std::vector<std::unique_ptr<FakeBroker>> further_;
  FakeKeeper::House house_;
  std::optional<FakeKeeper> keeper_;
  std::optional<std::uint16_t> front_port_;
  const bool containers_allowed_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Recordings> recordings_;
  std::optional<ImageStore> images_;
  std::optional<DiskStore> disks_;
  std::optional<UserDiskStore> user_disks_;
  UserDiskClaims disk_claims_;
  std::unique_ptr<LeaseKeeper> lease_;
  std::optional<TemplateStore> template_store_;
  std::optional<ContainerStore> containers_;
  std::optional<Worker> hypervisor_worker_;
  std::optional<Workers> desktop_workers_;
  std::optional<Worker> disk_worker_;
  std::optional<TemplateKeeper> templates_;
  std::optional<HostAgent> agent_;
  std::optional<BrokerLines> link_;
  std::unique_ptr<Front> front_;
  std::jthread thread_;
};

}  // namespace tobari::vmhost
