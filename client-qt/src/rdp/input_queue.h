// SPDX-License-Identifier: GPL-3.0-or-later
// Input on its way from the GUI thread to the connection's. Bounded: when the line does not take input for so long that
// this is full, the line is as good as dropped.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "session/input.h"

namespace tobari::client {

class InputQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 2048;

  // False: full. Moves of the pointer replace each other when nothing came in between.
  [[nodiscard]] bool push(const Input& input) {
    const std::scoped_lock lock(mutex_);
    if (!waiting_.empty() && std::holds_alternative<MoveInput>(input) &&
        std::holds_alternative<MoveInput>(waiting_.back())) {
      waiting_.back() = input;
      return true;
    }
    if (waiting_.size() == kMaxWaiting) return false;
    waiting_.push_back(input);
    return true;
  }

  [[nodiscard]] std::vector<Input> take_all() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Input> waiting_;
};

}  // namespace tobari::client
