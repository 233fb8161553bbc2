// SPDX-License-Identifier: GPL-3.0-or-later
// Tells the broker every few seconds how much this host and its displays do. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "host/loop.h"
#include "metrics/display_figures.h"
#include "metrics/machine.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

class HostAgent;

class LoadReporter {
 public:
  static constexpr int kMaxDisplays = 1024;  // host.proto

  // `loop`, `agent` and `displays` outlive it.
  LoadReporter(Loop& loop, const HostAgent& agent, const DisplayFigures& displays,
               std::function<void(const wire::FromHost&)> send,
               std::chrono::milliseconds every = std::chrono::seconds(5));

 private:
  void report();

  Loop& loop_;
  const HostAgent& agent_;
  const DisplayFigures& displays_;
  const std::function<void(const wire::FromHost&)> send_;
  const std::chrono::milliseconds every_;
  std::optional<MachineUse> before_;
  Loop::Handle timer_;
};

}  // namespace tobari::vmhost
