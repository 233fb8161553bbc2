// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/worker_pool.h"

#include <unistd.h>
#include <utility>

#include <sys/resource.h>

#include <tobari/base/log.h>

namespace tobari::broker {

namespace {

constexpr int kYieldingNice = 10;

// Of this thread alone: Linux keeps it for each (setpriority(2), "C library/kernel differences").
void yield_to_others() {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kYieldingNice) != 0) {
    log::warning("calculations cannot be made less urgent, and will slow other calls");
  }
}

}  // namespace

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_queue, Urgency urgency)
    : urgency_(urgency), max_queue_(max_queue) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

bool WorkerPool::post(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || queue_.size() >= max_queue_) return false;
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<Task> dropped;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

void WorkerPool::run() {
  if (urgency_ == Urgency::kYields) yield_to_others();
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace tobari::broker
