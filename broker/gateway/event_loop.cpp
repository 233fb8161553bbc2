// SPDX-License-Identifier: GPL-3.0-or-later
#include "event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <tobari/base/invariant.h>

namespace tobari::gateway {
namespace {

constexpr EventLoop::WatchId kWake = 0;
constexpr std::size_t kEventsPerTurn = 256;
constexpr int kLongestWaitMs = 60'000;

}  // namespace

EventLoop::EventLoop(const Clock& clock, UniqueFd epoll, UniqueFd wake)
    : clock_(clock), epoll_(std::move(epoll)), wake_(std::move(wake)) {}

Result<std::unique_ptr<EventLoop>> EventLoop::create(const Clock& clock) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll || !wake) return fail_errno(errno, "make an event loop");
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = kWake}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) return fail_errno(errno, "make an event loop");
  return std::unique_ptr<EventLoop>(new EventLoop(clock, std::move(epoll), std::move(wake)));
}

Result<EventLoop::WatchId> EventLoop::watch(int fd, std::uint32_t events, Ready ready) {
  const WatchId id = ++last_number_;
  epoll_event event{.events = events, .data = {.u64 = id}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno(errno, "watch a descriptor");
  watches_.emplace(id, std::make_shared<Watch>(fd, std::move(ready)));
  return id;
}

void EventLoop::unwatch(WatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second->fd, nullptr);
  watches_.erase(found);
}

EventLoop::TimerId EventLoop::after(std::chrono::nanoseconds delay, Task task) {
  const TimerId timer{.when = clock_.now() + delay, .number = ++last_number_};
  timers_.emplace(timer, std::move(task));
  return timer;
}

void EventLoop::cancel(TimerId timer) { timers_.erase(timer); }

void EventLoop::post(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(task));
  }
  ::eventfd_write(wake_.get(), 1);
}

void EventLoop::stop() {
  stopped_ = true;
  ::eventfd_write(wake_.get(), 1);
}

void EventLoop::run() {
  std::array<epoll_event, kEventsPerTurn> events;
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
    TOBARI_INVARIANT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i)
      dispatch(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
    run_timers();
    run_posted();
  }
}

// Up to the next timer, rounded up so that it is due when we wake.
int EventLoop::wait_ms() {
  {
    const std::scoped_lock lock(mutex_);
    if (!posted_.empty()) return 0;
  }
  if (timers_.empty()) return kLongestWaitMs;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.when - clock_.now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestWaitMs));
}

void EventLoop::dispatch(WatchId id, std::uint32_t events) {
  if (id == kWake) return;  // edge-triggered: nothing to read, it only ends the wait
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;                 // unwatched by an earlier callback of this turn
  const std::shared_ptr<Watch> watch = found->second;  // outlives an unwatch by its own callback
  watch->ready(events);
}

void EventLoop::run_timers() {
  const Clock::Steady now = clock_.now();
  while (!timers_.empty() && timers_.begin()->first.when <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

void EventLoop::run_posted() {
  std::vector<Task> batch;
  {
    const std::scoped_lock lock(mutex_);
    batch.swap(posted_);
  }
  for (Task& task : batch) task();
}

}  // namespace tobari::gateway
