// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts lines to a server that does not answer. libpq waits for ever for a server whose machine is fine and whose
// program hangs; a line that is shut down ends the wait with an error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace tobari::broker {

// Any thread.
class Watchdog {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `patience`: the longest that a line may be in use at once.
  explicit Watchdog(std::chrono::milliseconds patience);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // While it lives, `socket` is watched; it must stay open until then. -1: nothing is.
  class Watch {
   public:
    Watch(Watchdog& dog, int socket);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Watchdog& dog_;
    std::uint64_t number_ = 0;  // 0: not watched
  };

 private:
  struct Watched {
    int socket = -1;
    Instant until;
  };
  void run(const std::stop_token& stop);

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uint64_t, Watched> watched_;  // the first ends first
  std::uint64_t last_ = 0;
  std::jthread thread_;
};

}  // namespace tobari::broker
