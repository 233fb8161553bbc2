// SPDX-License-Identifier: GPL-3.0-or-later
// What a job on the worker says of itself while it runs, and whether it is still wanted. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include <tobari/base/result.h>

namespace tobari::vmhost {

class ImageJob {
 public:
  struct Seen {
    std::string doing;
    std::uint32_t permille = 0;
  };
  void say(std::string doing, std::uint32_t permille) {
    const std::scoped_lock lock(mutex_);
    seen_ = {std::move(doing), permille};
  }
  [[nodiscard]] Seen seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  void cancel() {
    {
      const std::scoped_lock lock(mutex_);
      cancelled_ = true;
    }
    changed_.notify_all();
  }
  [[nodiscard]] Result<void> still_wanted() const {
    const std::scoped_lock lock(mutex_);
    if (cancelled_) return fail(Errc::kCancelled, "it is not wanted any more");
    return {};
  }
  // Returns at once when it is cancelled.
  void rest(std::chrono::milliseconds pause) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return cancelled_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;
  bool cancelled_ = false;
};

}  // namespace tobari::vmhost
