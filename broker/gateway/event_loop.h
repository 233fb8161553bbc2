// SPDX-License-Identifier: GPL-3.0-or-later
// epoll, timers and posted work on one thread. Everything but post() and stop() is called on the thread of run(), or
// before it. A callback may unwatch or cancel anything, itself included; nothing is called after that.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::gateway {

class EventLoop {
 public:
  using Task = std::move_only_function<void()>;
  using Ready = std::move_only_function<void(std::uint32_t epoll_events)>;
  using WatchId = std::uint64_t;
  struct TimerId {
    Clock::Steady when;
    std::uint64_t number = 0;  // 0: no timer
    friend auto operator<=>(const TimerId&, const TimerId&) = default;
  };

  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> create(const Clock& clock);

  // `events` as for epoll_ctl(2). The descriptor stays the caller's; unwatch before closing it.
  [[nodiscard]] Result<WatchId> watch(int fd, std::uint32_t events, Ready ready);
  void unwatch(WatchId id);

  TimerId after(std::chrono::nanoseconds delay, Task task);
  void cancel(TimerId timer);

  void post(Task task);  // any thread; runs in the next turn, in order
  void run();            // until stop(); work posted later is dropped with the loop
  void stop();           // any thread, signal handlers excepted

  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

 private:
  struct Watch {
    int fd = -1;
    Ready ready;
  };

  EventLoop(const Clock& clock, UniqueFd epoll, UniqueFd wake);
  [[nodiscard]] int wait_ms();
  void dispatch(WatchId id, std::uint32_t events);
  void run_posted();
  void run_timers();

  const Clock& clock_;
  UniqueFd epoll_, wake_;
  std::unordered_map<WatchId, std::shared_ptr<Watch>> watches_;
  std::map<TimerId, Task> timers_;
  std::uint64_t last_number_ = 0;  // of watches and timers; the wake descriptor is watch 0
  std::atomic<bool> stopped_{false};

  std::mutex mutex_;
  std::vector<Task> posted_;  // guarded by mutex_
};

}  // namespace tobari::gateway
