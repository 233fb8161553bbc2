// SPDX-License-Identifier: GPL-3.0-or-later
// The one database of all brokers: the product's MemoryStore, which can be away for one of them, or full.
#pragma once

#include <tobari/base/clock.h>

#include "store/memory_store.h"

namespace tobari::sim {

class Database {
 public:
  // Whoever calls brings the time of its own wall clock.
  [[nodiscard]] broker::MemoryStore& as_seen_by(bool cut_off, Clock::Wall wall) {
    clock_.wall_now = wall;
    store_.set_away(away_ > 0 || cut_off);
    store_.set_full(full_ > 0);
    store_.set_contended(contended_ > 0);
    return store_;
  }
  // By nobody: for the oracle.
  [[nodiscard]] broker::MemoryStore& as_it_is() {
    store_.set_away(false);
    return store_;
  }
  void goes_away(int by) { away_ += by; }
  void fills(int by) { full_ += by; }
  void is_contended(int by) { contended_ += by; }
  void is_well() { away_ = full_ = contended_ = 0; }

 private:
  class WallClock final : public Clock {
   public:
    [[nodiscard]] Steady now() const noexcept override { return {}; }
    [[nodiscard]] Wall wall() const noexcept override { return wall_now; }
    Wall wall_now{};
  };
  WallClock clock_;
  broker::MemoryStore store_{clock_};
  int away_ = 0;
  int full_ = 0;
  int contended_ = 0;
};

}  // namespace tobari::sim
