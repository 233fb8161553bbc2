// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/loop.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>

namespace tobari::vmhost {

void Loop::Handle::reset() noexcept {
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->forget(id_);
}

Result<std::unique_ptr<Loop>> Loop::create() {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an eventfd");
  return std::unique_ptr<Loop>(new Loop(std::move(wake)));
}

// What was never run may hold handles of this very loop: let go while forget() still works.
Loop::~Loop() { clear(); }

void Loop::clear() {
  while (!posted_.empty() || !timers_.empty() || !watched_.empty()) {
    std::exchange(posted_, {}).clear();
    std::exchange(timers_, {}).clear();
    std::exchange(watched_, {}).clear();
  }
}

void Loop::post(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(task));
  }
  ::eventfd_write(wake_.get(), 1);
}

void Loop::stop() {
  post([this] { stopping_ = true; });
}

Loop::Handle Loop::watch(int fd, short events, std::function<void(short)> on_event) {
  const std::uint64_t id = next_id_++;
  watched_.emplace(id, std::make_shared<Watched>(Watched{fd, events, std::move(on_event)}));
  return {this, id};
}

Loop::Handle Loop::after(std::chrono::milliseconds delay, Task task) {
  const std::uint64_t id = next_id_++;
  timers_.emplace(Steady::now() + delay, std::pair(id, std::move(task)));
  return {this, id};
}

void Loop::forget(std::uint64_t id) noexcept {
  if (watched_.erase(id) > 0) return;
  const auto found = std::ranges::find_if(timers_, [id](const auto& timer) { return timer.second.first == id; });
  if (found != timers_.end()) timers_.erase(found);
}

void Loop::run_posted() {
  std::vector<Task> tasks;
  {
    const std::scoped_lock lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

void Loop::run_due() {
  // A due timer may add or take back others: looked at anew each time.
  const auto now = Steady::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Task task = std::move(timers_.begin()->second.second);
    timers_.erase(timers_.begin());
    task();
  }
}

int Loop::poll_timeout() const {
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Loop::poll_once() {
  std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}};
  std::vector<std::uint64_t> ids{0};
  for (const auto& [id, watched] : watched_) {
    fds.push_back({watched->fd, watched->events, 0});
    ids.push_back(id);
  }
  if (::poll(fds.data(), fds.size(), poll_timeout()) <= 0) return;
  if (fds[0].revents != 0) {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
  }
  for (std::size_t i = 1; i < fds.size(); ++i) {
    if (fds[i].revents == 0) continue;
    const auto found = watched_.find(ids[i]);
    if (found == watched_.end()) continue;  // taken back by an earlier one of this round
    const auto keep = found->second;        // it may take itself back
    keep->on_event(fds[i].revents);
  }
}

void Loop::run() {
  stopping_ = false;
  while (!stopping_) {
    poll_once();
    run_posted();
    run_due();
  }
}

}  // namespace tobari::vmhost
