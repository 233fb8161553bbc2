// SPDX-License-Identifier: GPL-3.0-or-later
// Virtual time: what is to happen, in its order. Nothing waits, and nothing here knows what a broker is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "random.h"

namespace tobari::sim {

using Task = std::function<void()>;

class Engine;

// Something that can die, stand still and go on. What it was about to do dies with it, and waits while it stands still.
class Process {
 public:
  Process(Engine& engine, std::string name) : engine_(engine), name_(std::move(name)) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool up() const noexcept { return up_; }
  [[nodiscard]] bool runs() const noexcept { return up_ && still_ == 0; }
  [[nodiscard]] std::uint32_t life() const noexcept { return life_; }

  void start() {
    up_ = true;
    still_ = 0;
    ++life_;
  }
  void kill() {
    up_ = false;
    still_ = 0;
    ++life_;
    missed_.clear();
  }
  // For as many reasons as it is called; each is ended by go_on(), in the same life only.
  void stand_still() { still_ += up_ ? 1 : 0; }
  void go_on(std::uint32_t life);

 private:
  friend class Engine;
  Engine& engine_;
  const std::string name_;
  bool up_ = false;
  int still_ = 0;
  std::uint32_t life_ = 0;
  std::deque<Task> missed_;
};

class Engine {
 public:
  // Called for whatever a process is going to do, before it is put on the list.
  using Ambush = std::function<void(Process&, Moment delay)>;

  [[nodiscard]] Moment now() const noexcept { return now_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  // Of everything that has happened, in its order.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  void set_ambush(Ambush ambush) { ambush_ = std::move(ambush); }

  // In the world: it happens.
  void in(Moment delay, Task task) { push(now_ + delay, nullptr, 0, std::move(task)); }
  // By a process, in this life of it or in another one that is over by now.
  void in(Process& process, Moment delay, Task task) { in_life(process, process.life(), delay, std::move(task)); }
  void in_life(Process& process, std::uint32_t life, Moment delay, Task task) {
    if (ambush_) ambush_(process, delay);
    push(now_ + delay, &process, life, std::move(task));
  }
  void run_until(Moment end);

 private:
  friend class Process;
  struct Due {
    Moment at{};
    std::uint64_t order = 0;
    std::uint32_t slot = 0;
  };
  struct Entry {
    Process* process = nullptr;
    std::uint32_t life = 0;
    Task task;
  };
  static bool later(const Due& a, const Due& b) noexcept { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  void push(Moment at, Process* process, std::uint32_t life, Task task);
  void happen(const Due& due);

  Moment now_{0};
  std::uint64_t steps_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t fingerprint_ = 0xcbf29ce484222325ULL;
  std::vector<Due> heap_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  Ambush ambush_;
};

// A machine's clock. It began at zero at some moment, and runs a little too fast or too slow.
struct LocalClock {
  Moment zero{0};
  std::int64_t too_fast = 0;  // in a thousand

  [[nodiscard]] Moment at(Moment now) const noexcept { return Moment((now - zero).count() * (1000 + too_fast) / 1000); }
  // How long it really is until this clock has gone on by so much; never too short.
  [[nodiscard]] Moment really(Moment span) const noexcept {
    if (span.count() <= 0) return Moment(0);
    return Moment((span.count() * 1000 + 1000 + too_fast - 1) / (1000 + too_fast));
  }
};

}  // namespace tobari::sim
