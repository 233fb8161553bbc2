// SPDX-License-Identifier: GPL-3.0-or-later
// The watchdog behind the agent. The agent pauses what may be given anew elsewhere when its lease has run out; when it
// is dead, stopped or late, this does: first through the hypervisor, and where that does not answer by stopping the
// machines' processes. It lets go on only what it has stopped itself, and only what the agent says may run; what was
// paused through the hypervisor is the agent's to resume. docs/RELIABILITY.md. Loop thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/vmhost/hypervisor.h>

#include "fence/lease_file.h"
#include "fence/machine_processes.h"
#include "host/loop.h"
#include "host/worker.h"

namespace tobari::vmhost {

class Fence {
 public:
  // Together with the agent's fence_after they end well before the broker's kReuseAfter (38 s).
  struct Times {
    std::chrono::milliseconds grace = std::chrono::seconds(3);              // the agent's own time to do it
    std::chrono::milliseconds hypervisor_within = std::chrono::seconds(4);  // then processes are stopped
    std::chrono::milliseconds look_every = std::chrono::seconds(1);         // while something is held
    std::chrono::milliseconds idle_every = std::chrono::seconds(5);         // while no agent has said anything
  };
  // All of it outlives the fence; without `processes` the hypervisor alone is asked.
  struct Parts {
    Loop& loop;
    Hypervisor& hypervisor;
    MachineProcesses* processes = nullptr;
    std::filesystem::path file;
  };
  [[nodiscard]] static Result<std::unique_ptr<Fence>> create(Parts parts, Times times);

 private:
  struct Outcome {
    std::vector<DesktopId> paused;
    std::vector<DesktopId> failed;
  };

  Fence(Parts parts, Times times, std::string boot, UniqueFd timer);
  void look();
  void look_again_at(LeaseNote::Time when);
  void hold(LeaseNote::Time now);
  void on_held(const Result<Outcome>& outcome);
  // Of all that may not run, or of these.
  void stop_processes(const std::vector<DesktopId>* which);
  void let_go(LeaseNote::Time now);

  const Parts parts_;
  const Times times_;
  const std::string boot_;
  const UniqueFd timer_;
  std::optional<LeaseNote> note_;  // the newest that could be read
  bool unreadable_ = false;        // one line when it begins
  bool asking_ = false;            // the hypervisor
  LeaseNote::Time asked_at_{0};
  bool perhaps_stopped_ = true;  // processes, by us: also by an earlier life of this program
  std::unique_ptr<Worker> worker_;
  Loop::Handle watch_;
};

}  // namespace tobari::vmhost
