// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-fence: vmhost/src/fence/fence.cpp, with the same times and in the same order. It knows the agent's file only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/base/ids.h>

#include "engine.h"
#include "fence/lease_file.h"
#include "hardware.h"

namespace tobari::sim {

class World;

class Watchdog {
 public:
  Watchdog(World& world, Hardware& hardware, std::size_t index, std::uint64_t seed);

  Process process;
  void start();

 private:
  void look();
  void look_again_at(Moment when);
  void hold(Moment now);
  void hold_now(const vmhost::LeaseNote& note, std::vector<DesktopId>& failed);
  // Of all that may not run, or of these.
  void stop_processes(const std::vector<DesktopId>* which);
  void let_go(Moment now);

  World& world_;
  Hardware& hardware_;
  const std::size_t index_;
  Random chance_;

  // ---- of this life
  std::optional<vmhost::LeaseNote> note_;
  bool asking_ = false;
  Moment asked_at_{0};
  bool perhaps_stopped_ = true;
  std::uint64_t turn_ = 0;
};

}  // namespace tobari::sim
