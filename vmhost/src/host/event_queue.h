// SPDX-License-Identifier: GPL-3.0-or-later
// What happened to sessions, kept until the broker says that it has stored it: across lost connections and restarts of
// this program.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>

#include <tobari/base/result.h>

#include "tobari/host.pb.h"

namespace tobari::vmhost {

class EventQueue {
 public:
  static constexpr std::size_t kMax = 1024;  // beyond it the oldest is lost, with a line in the log

  // A damaged file loses what it held.
  explicit EventQueue(std::filesystem::path file);

  // Durable on return when the disk allows it; kept in memory in any case.
  void add(const wire::SessionEvent& event);
  void stored(const std::string& event_id);
  [[nodiscard]] const std::deque<wire::SessionEvent>& pending() const noexcept { return events_; }

 private:
  void save();
  std::filesystem::path file_;
  std::deque<wire::SessionEvent> events_;
  bool failing_ = false;  // one line when the disk begins to fail
};

}  // namespace tobari::vmhost
