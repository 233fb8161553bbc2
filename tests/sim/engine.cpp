// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine.h"

#include <algorithm>

namespace tobari::sim {

void Process::go_on(std::uint32_t life) {
  if (!up_ || life != life_ || still_ == 0 || --still_ > 0) return;
  for (Task& task : std::exchange(missed_, {})) engine_.push(engine_.now(), this, life_, std::move(task));
}

void Engine::push(Moment at, Process* process, std::uint32_t life, Task task) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  entries_[slot] = Entry{process, life, std::move(task)};
  heap_.push_back({at, order_++, slot});
  std::ranges::push_heap(heap_, later);
}

void Engine::run_until(Moment end) {
  while (!heap_.empty() && heap_.front().at <= end) {
    const Due due = heap_.front();
    std::ranges::pop_heap(heap_, later);
    heap_.pop_back();
    now_ = due.at;
    happen(due);
  }
  now_ = end;
}

void Engine::happen(const Due& due) {
  Entry entry = std::move(entries_[due.slot]);
  entries_[due.slot].task = nullptr;
  free_.push_back(due.slot);
  Process* const process = entry.process;
  if (process != nullptr) {
    if (!process->up_ || process->life_ != entry.life) return;
    if (process->still_ > 0) return process->missed_.push_back(std::move(entry.task));
  }
  ++steps_;
  fingerprint_ = (fingerprint_ ^ static_cast<std::uint64_t>(due.at.count())) * 0x100000001b3ULL;
  fingerprint_ = (fingerprint_ ^ due.order) * 0x100000001b3ULL;
  entry.task();
}

}  // namespace tobari::sim
