// SPDX-License-Identifier: GPL-3.0-or-later
#include "simulated_agent.h"

#include <format>
#include <map>
#include <utility>

#include <tobari/net/node_link.h>

namespace tobari::vmhost {
namespace {

// Of each host: fifty of them share two processors, and what they wait for costs none.
constexpr std::size_t kSimulatedDesktopWorkers = 2;

}  // namespace

Result<std::unique_ptr<SimulatedHost>> SimulatedHost::start(SimulatedHostOptions options) {
  std::unique_ptr<SimulatedHost> host(new SimulatedHost(std::move(options)));
  TOBARI_TRY(host->make());
  host->thread_ = std::jthread([loop = host->loop_.get()] { loop->run(); });
  return host;
}

Result<void> SimulatedHost::make_stores() {
  const std::filesystem::path& folder = options_.folder;
  for (const char* name : {"disks", "agents", "templates", "user-disks"}) {
    std::error_code error;
    std::filesystem::create_directories(folder / name, error);
    if (error) return fail(Errc::kIo, std::format("make {}: {}", (folder / name).string(), error.message()));
  }
  TOBARI_ASSIGN(hypervisor_, LoggedHypervisor::open({.log = folder / "machines", .start_takes = options_.start_takes}));
  images_.emplace(options_.images, folder / "image-digests");
  disks_.emplace(folder / "disks", std::nullopt);
  user_disks_.emplace(UserStorage{.folder = folder / "user-disks"}, std::map<std::string, UserStorage>(), std::nullopt);
  template_store_.emplace(folder / "templates", std::nullopt);
  RecordingStore::Options recordings;
  recordings.folder = folder / "recordings";
  TOBARI_ASSIGN(recordings_, Recordings::create(*loop_, recordings, clock_));
  return {};
}

DesktopServices SimulatedHost::services() {
  DesktopServices made{.loop = *loop_,
                       .hypervisor = *hypervisor_,
                       .hypervisor_worker = *hypervisor_worker_,
                       .desktop_workers = *desktop_workers_,
                       .disk_worker = *disk_worker_,
                       .images = *images_,
                       .disks = *disks_,
                       .agents_dir = options_.folder / "agents"};
  made.templates = &*templates_;
  made.recordings = recordings_.get();
  made.user_disks = &*user_disks_;
  made.disk_claims = &disk_claims_;
  made.lease = lease_.get();
  made.display.socket = options_.display_socket;
  made.display.figures = &displays_;
  return made;
}

wire::HostHello SimulatedHost::hello() const {
  wire::HostHello made;
  made.set_name(options_.name);
  made.set_version("simulated");
  made.set_front_address(options_.front_address);
  made.set_front_port(front_->port());
  made.set_cpus(options_.cpus);
  made.set_memory_mib(options_.memory_mib);
  made.set_accelerator("kvm");
  return made;
}

Result<void> SimulatedHost::make() {
  TOBARI_ASSIGN(loop_, Loop::create());
  std::vector<std::shared_ptr<grpc::Channel>> brokers;
  for (const std::string& each : options_.brokers) {
    TOBARI_ASSIGN(brokers.emplace_back(), node::open(options_.folder / "identity", each));
  }
  TOBARI_ASSIGN(auto epochs, EpochStore::open(options_.folder / "epochs"));
  TOBARI_TRY(make_stores());
  hypervisor_worker_.emplace(*loop_);
  desktop_workers_.emplace(*loop_, kSimulatedDesktopWorkers);
  disk_worker_.emplace(*loop_);
  templates_.emplace(TemplateServices{.loop = *loop_,
                                      .hypervisor = *hypervisor_,
                                      .hypervisor_worker = *hypervisor_worker_,
                                      .disk_worker = *disk_worker_,
                                      .images = *images_,
                                      .disks = *disks_,
                                      .store = *template_store_,
                                      .agents_dir = options_.folder / "agents"},
                     TemplateKeeper::Times());
  TOBARI_ASSIGN(front_, Front::create(*loop_, {options_.front_address, 0}, {},
                                      [this](const std::string& token, const std::string& address, int descriptor) {
                                        return agent_->on_client(token, address, descriptor);
                                      }));
  TOBARI_ASSIGN(lease_, LeaseKeeper::create(*loop_, {.file = options_.folder / "lease", .brokers = brokers.size()}));
  HostAgent::Options options;
  options.desired_file = options_.folder / "desired";
  options.hello = hello();
  agent_.emplace(std::move(options), services(), std::move(epochs), EventQueue(options_.folder / "events"),
                 [this](const wire::FromHost& message) {
                   if (link_) link_->send(message);
                 });
  link_.emplace(*loop_, brokers,
                BrokerLines::Callbacks{
                    .on_open = [this](const BrokerLines::Send& line) { agent_->on_broker_open(line); },
                    .on_message = [this](std::size_t broker,
                                         const wire::ToHost& message) { agent_->on_broker_message(message, broker); },
                    .on_lost = [this] { agent_->on_broker_lost(); }});
  load_.emplace(*loop_, *agent_, displays_, [this](const wire::FromHost& message) { link_->send(message); });
  return {};
}

// As tobari-vmhost ends: what workers do uses the agent's parts, and what they have said and nobody heard holds
// desktops.
SimulatedHost::~SimulatedHost() {
  if (thread_.joinable()) {
    loop_->stop();
    thread_.join();
  }
  if (agent_) agent_->ask_displays_to_end();
  load_.reset();
  front_.reset();
  link_.reset();
  disk_worker_.reset();
  desktop_workers_.reset();
  hypervisor_worker_.reset();
  templates_.reset();
  lease_.reset();
  agent_.reset();
  if (loop_ != nullptr) loop_->clear();
}

}  // namespace tobari::vmhost
