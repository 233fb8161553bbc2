// SPDX-License-Identifier: GPL-3.0-or-later
// Threads for calls that block (libvirt, disks); what comes of them goes back to the loop.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "host/loop.h"

namespace tobari::vmhost {

class Worker {
 public:
  explicit Worker(Loop& loop) : loop_(loop), thread_([this](const std::stop_token& stop) { work(stop); }) {}
  // Returns when the job under way is done; jobs that have not begun are dropped.
  ~Worker() {
    thread_.request_stop();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // job() on the worker, then(its result) on the loop. Jobs run one after the other, in order.
  template <class Job, class Then>
  void run(Job job, Then then) {
    add([this, job = std::move(job), then = std::move(then)]() mutable {
      loop_.post([result = job(), then = std::move(then)]() mutable { then(std::move(result)); });
    });
  }

 private:
  void add(Loop::Task task) {
    {
      const std::scoped_lock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }

  void work(const std::stop_token& stop) {
    while (true) {
      Loop::Task task;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return !tasks_.empty(); }) || stop.stop_requested()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  Loop& loop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Loop::Task> tasks_;
  std::jthread thread_;
};

// Several, so that what one desktop waits for holds up no other. The jobs of one key run in order.
class Workers {
 public:
  Workers(Loop& loop, std::size_t count) {
    while (workers_.size() < count) workers_.push_back(std::make_unique<Worker>(loop));
  }
  [[nodiscard]] Worker& of(std::size_t key) { return *workers_[key % workers_.size()]; }

 private:
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tobari::vmhost
