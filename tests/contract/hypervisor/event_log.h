// SPDX-License-Identifier: GPL-3.0-or-later
// What a hypervisor's watcher heard, from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

class EventLog {
 public:
  void add(const DomainEvent& event) {
    {
      const std::scoped_lock lock(mutex_);
      events_.push_back(event);
    }
    changed_.notify_all();
  }
  [[nodiscard]] bool wait_for(DomainEvent::Kind kind, const DesktopId& id = {}, int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      int seen = 0;
      for (const DomainEvent& event : events_) seen += event.kind == kind && event.id == id ? 1 : 0;
      return seen >= times;
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DomainEvent> events_;
};

}  // namespace tobari::vmhost
