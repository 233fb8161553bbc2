// SPDX-License-Identifier: GPL-3.0-or-later
// Threads for work that blocks. The queue has a maximum: when it is full the caller is told so at once, and says so to
// whoever asked, instead of answering everybody too late.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tobari::broker {

class WorkerPool {
 public:
  using Task = std::function<void()>;

  enum class Urgency : std::uint8_t {
    kNormal,
    kYields,  // long calculations: everything else in this process goes first (nice 10). No locks, no databases here
  };

  WorkerPool(std::size_t threads, std::size_t max_queue, Urgency urgency = Urgency::kNormal);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: the queue is full or the pool has stopped; the task was not taken. One thread runs tasks in order.
  [[nodiscard]] bool post(Task task);
  // Drops what has not begun and returns when nothing runs any more. Not from a task.
  void stop();

 private:
  void run();

  const Urgency urgency_;
  const std::size_t max_queue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace tobari::broker
