// SPDX-License-Identifier: GPL-3.0-or-later
// One simulated host: the agent of a VM host as in tobari-vmhost (vmhost/src/daemon/assemble.cpp), its real libraries,
// files and identity, on a LoggedHypervisor and with displays of simulated_display. Any number in one process.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "core/user_disk_claims.h"
#include "front/front.h"
#include "host/host_agent.h"
#include "host/lease_keeper.h"
#include "host/load_reporter.h"
#include "host/template_keeper.h"
#include "host/user_disk_store.h"
#include "link/broker_lines.h"
#include "logged_hypervisor.h"

namespace tobari::vmhost {

struct SimulatedHostOptions {
  std::string name;
  std::filesystem::path folder;  // with identity/, which enrolment made; everything else of the host goes here
  std::filesystem::path images;
  std::vector<std::string> brokers;          // "ADDRESS:PORT": a line to each
  std::string display_socket;                // of simulated_display
  std::string front_address = "127.0.0.1";   // numeric; any port
  std::uint32_t cpus = 64;                   // that it says it has
  std::uint64_t memory_mib = 262'144;        // likewise
  std::chrono::milliseconds start_takes{0};  // LoggedHypervisor
};

class SimulatedHost {
 public:
  // Runs when this returns, on a thread of its own.
  [[nodiscard]] static Result<std::unique_ptr<SimulatedHost>> start(SimulatedHostOptions options);
  ~SimulatedHost();
  SimulatedHost(const SimulatedHost&) = delete;
  SimulatedHost& operator=(const SimulatedHost&) = delete;

 private:
  explicit SimulatedHost(SimulatedHostOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Result<void> make();
  [[nodiscard]] Result<void> make_stores();
  [[nodiscard]] DesktopServices services();
  [[nodiscard]] wire::HostHello hello() const;

  const SimulatedHostOptions options_;
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  DisplayFigures displays_;
  std::unique_ptr<Recordings> recordings_;
  std::unique_ptr<LoggedHypervisor> hypervisor_;
  std::optional<ImageStore> images_;
  std::optional<DiskStore> disks_;
  std::optional<UserDiskStore> user_disks_;
  UserDiskClaims disk_claims_;
  std::optional<TemplateStore> template_store_;
  std::optional<Worker> hypervisor_worker_;
  std::optional<Workers> desktop_workers_;
  std::optional<Worker> disk_worker_;
  std::optional<TemplateKeeper> templates_;
  std::unique_ptr<LeaseKeeper> lease_;
  std::optional<HostAgent> agent_;
  std::optional<BrokerLines> link_;
  std::unique_ptr<Front> front_;
  std::optional<LoadReporter> load_;
  std::jthread thread_;
};

}  // namespace tobari::vmhost
