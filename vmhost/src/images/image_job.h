// SPDX-License-Identifier: GPL-3.0-or-later
// What a job on the worker says of itself while it runs, and whether it is still wanted. Any thread.
#pragma once

#include <atomic>
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
  void cancel() noexcept { cancelled_ = true; }
  [[nodiscard]] Result<void> still_wanted() const {
    if (cancelled_) return fail(Errc::kCancelled, "it is not wanted any more");
    return {};
  }

 private:
  mutable std::mutex mutex_;
  Seen seen_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace tobari::vmhost
