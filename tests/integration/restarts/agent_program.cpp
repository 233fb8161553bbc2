// SPDX-License-Identifier: GPL-3.0-or-later
// The host agent with its front, its line to the broker and its keeper, as tobari-vmhost puts them together, on a
// FakeHypervisor whose one machine's display is a descriptor that it inherits:
//
//   restarts_agent FOLDER IMAGES BROKER-PORT FRONT-PORT KEEPER DISPLAY HOLD-SECONDS DESKTOP [DISPLAY-FD]
//
// Without the last one the machine runs already and shows itself to nobody new: it was there before this agent.
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include <tobari/base/log.h>
#include <tobari/vmhost/fake_hypervisor.h>

#include "front/front.h"
#include "host/host_agent.h"
#include "keeper/keeper_line.h"
#include "link/broker_link.h"

namespace {

using namespace tobari;
using namespace tobari::vmhost;

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class ShownMachine final : public FakeHypervisor {
 public:
  explicit ShownMachine(UniqueFd display) : display_(std::move(display)) {}
  Result<UniqueFd> display(const DesktopId& /*id*/, std::optional<std::uint32_t> /*user*/) override {
    const std::scoped_lock lock(display_mutex_);
    if (!display_) return fail(Errc::kUnavailable, "this machine shows itself once");
    return std::move(display_);
  }

 private:
  std::mutex display_mutex_;
  UniqueFd display_;
};

Result<void> run(const std::vector<std::string>& words) {
  const std::filesystem::path folder = words[1];
  TOBARI_ASSIGN(const DesktopId desktop, DesktopId::parse(words[8]));
  ShownMachine machine(UniqueFd(words.size() > 9 ? number(words[9]) : -1));
  if (words.size() <= 9) {
    DomainSpec spec;
    spec.id = desktop;
    TOBARI_TRY(machine.define(spec));
    TOBARI_TRY(machine.start(desktop));
  }
  TOBARI_ASSIGN(const auto loop, Loop::create());
  TOBARI_ASSIGN(const auto keeper, KeeperLine::create(*loop, {.socket = folder / "keeper.sock",
                                                              .program = words[5],
                                                              .hold = std::chrono::seconds(number(words[7]))}));
  Adoption adopted = sort_out(keeper->take(), *keeper);
  UniqueFd listener = std::move(adopted.front);
  ImageStore images(words[2], folder / "digests");
  DiskStore disks(folder / "disks", std::nullopt);
  Worker hypervisor_worker(*loop);
  Workers desktop_workers(*loop, 2);
  Worker disk_worker(*loop);
  DesktopServices services{.loop = *loop,
                           .hypervisor = machine,
                           .hypervisor_worker = hypervisor_worker,
                           .desktop_workers = desktop_workers,
                           .disk_worker = disk_worker,
                           .images = images,
                           .disks = disks,
                           .agents_dir = folder / "agents"};
  services.display.program = words[6];
  services.display.keeper = keeper.get();
  services.display.hold = std::chrono::seconds(number(words[7]));
  HostAgent::Options options;
  options.desired_file = folder / "desired";
  options.hello.set_name("host-1");
  options.list_every = std::chrono::milliseconds(200);
  TOBARI_ASSIGN(auto epochs, EpochStore::open(folder / "epochs"));
  std::optional<BrokerLink> link;
  HostAgent agent(
      std::move(options), std::move(services), std::move(epochs), EventQueue(folder / "events"),
      [&link](const wire::FromHost& message) {
        if (link) link->send(message);
      },
      std::move(adopted));
  link.emplace(*loop, grpc::CreateChannel("127.0.0.1:" + words[3], grpc::InsecureChannelCredentials()),
               BrokerLink::Callbacks{[&agent] { agent.on_broker_open(); },
                                     [&agent](const wire::ToHost& message) { agent.on_broker_message(message); }});
  TOBARI_ASSIGN(const auto front, Front::create(
                                      *loop, {"127.0.0.1", static_cast<std::uint16_t>(number(words[4]))}, {},
                                      [&agent](const std::string& token, const std::string& address, int descriptor) {
                                        return agent.on_client(token, address, descriptor);
                                      },
                                      std::move(listener)));
  keeper->keep("front", "", front->listener());
  loop->run();  // until it is killed
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() < 9) return 2;
  log::init("restarts_agent", log::Level::kInfo);
  ::signal(SIGPIPE, SIG_IGN);
  const auto done = run(words);
  if (done) return 0;
  std::fprintf(stderr, "restarts_agent: %s\n", describe(done.error()).c_str());
  return 1;
}
