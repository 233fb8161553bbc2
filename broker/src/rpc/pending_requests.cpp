// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/pending_requests.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tobari::broker {

PendingRequests::PendingRequests() : watcher_([this] { watch_deadlines(); }) {}

bool PendingRequests::add(const std::string& request_id, const HostId& host, Clock::Steady deadline,
                          Callback callback) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || entries_.size() >= kMaxPending) return false;
    if (!entries_.try_emplace(request_id, Entry{host, deadline, std::move(callback)}).second) return false;
  }
  changed_.notify_one();
  return true;
}

void PendingRequests::complete(const std::string& request_id, const HostId& host, Result<HostAnswer> result) {
  Callback callback;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(request_id);
    if (at == entries_.end() || at->second.host != host) return;
    callback = std::move(at->second.callback);
    entries_.erase(at);
  }
  callback(std::move(result));
}

void PendingRequests::fail_host(const HostId& host, const Error& reason) {
  std::vector<Callback> callbacks;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(entries_, [&host, &callbacks](auto& entry) {
      if (entry.second.host != host) return false;
      callbacks.push_back(std::move(entry.second.callback));
      return true;
    });
  }
  for (const Callback& callback : callbacks) callback(std::unexpected<Error>(reason));
}

void PendingRequests::stop() {
  std::map<std::string, Entry> left;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    left.swap(entries_);
  }
  changed_.notify_one();
  if (watcher_.joinable()) watcher_.join();
  for (auto& [id, entry] : left) entry.callback(fail(Errc::kCancelled, "the broker is stopping"));
}

void PendingRequests::watch_deadlines() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (entries_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto next = std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry.second.deadline; });
    if (std::chrono::steady_clock::now() < next->second.deadline) {
      changed_.wait_until(lock, Clock::Steady(next->second.deadline));
      continue;
    }
    const Callback callback = std::move(next->second.callback);
    entries_.erase(next);
    lock.unlock();
    callback(fail(Errc::kTimeout, "the host did not answer in time"));
    lock.lock();
  }
}

}  // namespace tobari::broker
