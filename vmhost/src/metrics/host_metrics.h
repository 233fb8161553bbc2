// SPDX-License-Identifier: GPL-3.0-or-later
// What the agent records where it happens. Any thread.
#pragma once

#include <chrono>

#include <tobari/metrics/metrics.h>

#include "metrics/catalogue.h"

namespace tobari::vmhost {

class HostMetrics {
 public:
  using Seconds = std::chrono::duration<double>;

  // A desktop's guest is ready, so long after it was told to start.
  enum class Start { kBoot, kClone };
  void desktop_started(Start how, Seconds took) const noexcept { (how == Start::kBoot ? boot_ : clone_).observe(took); }
  void start_failed() const noexcept { failures_.add(); }
  // A clone runs; its guest may still have to get its name.
  void clone_made(Seconds took) const noexcept { made_.observe(took); }

  [[nodiscard]] metrics::Registry& registry() noexcept { return registry_; }

 private:
  metrics::Registry registry_{"tobari-vmhost", metric::kCatalogue};
  const metrics::Histogram boot_ = registry_.histogram(metric::kStartTime, {{"how", "boot"}});
  const metrics::Histogram clone_ = registry_.histogram(metric::kStartTime, {{"how", "clone"}});
  const metrics::Counter failures_ = registry_.counter(metric::kStartFailures);
  const metrics::Histogram made_ = registry_.histogram(metric::kCloneTime);
};

}  // namespace tobari::vmhost
