// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/desktop_news.h"

#include <algorithm>
#include <memory>

namespace tobari::broker {

DesktopNews::DesktopNews(Post post) : post_(std::move(post)), watcher_([this] { watch_deadlines(); }) {}

std::uint64_t DesktopNews::mark() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::size_t DesktopNews::waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}

// False: it goes on at once. After true, `wait` may be gone: another thread may have gone on with the coroutine.
bool DesktopNews::begin(Wait& wait, std::coroutine_handle<> handle) {
  {
    const std::scoped_lock lock(mutex_);
    const auto heard = heard_.find(wait.host_);
    if (heard != heard_.end() && heard->second > wait.mark_) {
      wait.woken_ = Woken::kByNews;
      return false;
    }
    if (stopping_ || waiting_.size() >= kMaxWaiting || wait.until_ <= std::chrono::steady_clock::now()) return false;
    waiting_.push_back(Entry{&wait, wait.host_, wait.until_, std::nullopt, Suspended(handle)});
  }
  changed_.notify_one();
  return true;
}

void DesktopNews::heard_of(const HostId& host) {
  std::list<Entry> woken;
  {
    const std::scoped_lock lock(mutex_);
    heard_[host] = ++count_;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto each = at++;
      if (each->host == host && !each->why.has_value()) woken.splice(woken.end(), waiting_, each);
    }
  }
  go_on(std::move(woken), Woken::kByNews);
}

void DesktopNews::go_on(std::list<Entry> woken, Woken why) {
  for (; !woken.empty(); woken.pop_front()) {
    // Functions are copied; who waits is not.
    const auto entry = std::make_shared<Entry>(std::move(woken.front()));
    entry->wait->woken_ = entry->why.value_or(why);
    if (post_([entry] { entry->suspended.resume(); })) continue;
    // The workers have more than enough to do. It is their turn again in a moment, in the order of before.
    const std::scoped_lock lock(mutex_);
    if (stopping_) continue;
    entry->why = entry->wait->woken_;
    entry->until = std::chrono::steady_clock::now() + kTryAgain;
    waiting_.push_back(std::move(*entry));
    changed_.notify_one();
  }
}

void DesktopNews::stop() {
  std::list<Entry> left;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    left.swap(waiting_);
  }
  changed_.notify_one();
  if (watcher_.joinable()) watcher_.join();
}

void DesktopNews::watch_deadlines() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Deadline next = std::ranges::min_element(waiting_, {}, &Entry::until)->until;
    const Deadline now = std::chrono::steady_clock::now();
    if (now < next) {
      changed_.wait_until(lock, next);
      continue;
    }
    std::list<Entry> due;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto each = at++;
      if (each->until <= now) due.splice(due.end(), waiting_, each);
    }
    lock.unlock();
    go_on(std::move(due), Woken::kByTime);
    lock.lock();
  }
}

}  // namespace tobari::broker
