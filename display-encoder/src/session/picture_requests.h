// SPDX-License-Identifier: GPL-3.0-or-later
// Who asked for a small picture of the desktop, and the newest one. However many ask, one a second is made; whoever
// asks within a second of it gets the same. Any thread; `take` and `answer` are called without a lock and must not
// block.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

namespace tobari::display {

class PictureRequests {
 public:
  using Picture = Result<std::vector<std::byte>>;  // JPEG
  static constexpr std::size_t kMaxWaiting = 16;
  static constexpr std::chrono::seconds kEvery{1};

  // `take`: one picture is to be made; taken() follows.
  PictureRequests(const Clock& clock, std::function<void()> take,
                  std::function<void(std::uint64_t id, const Picture&)> answer)
      : clock_(clock), take_(std::move(take)), answer_(std::move(answer)) {}

  void ask(std::uint64_t id) {
    std::unique_lock lock(mutex_);
    if (newest_ && clock_.now() - made_ < kEvery) {
      const Picture picture = *newest_;
      lock.unlock();
      return answer_(id, picture);
    }
    if (waiting_.size() >= kMaxWaiting) {
      lock.unlock();
      return answer_(id, fail(Errc::kExhausted, "too many ask for this desktop's picture"));
    }
    waiting_.push_back(id);
    if (waiting_.size() > 1) return;
    lock.unlock();
    take_();
  }

  // Failures count as well: what cannot be had now is not tried more often either.
  void taken(const Picture& picture) {
    std::vector<std::uint64_t> waiting;
    {
      const std::scoped_lock lock(mutex_);
      newest_ = picture;
      made_ = clock_.now();
      waiting.swap(waiting_);
    }
    for (const std::uint64_t id : waiting) answer_(id, picture);
  }

 private:
  const Clock& clock_;
  const std::function<void()> take_;
  const std::function<void(std::uint64_t, const Picture&)> answer_;
  std::mutex mutex_;
  std::optional<Picture> newest_;
  Clock::Steady made_{};
  std::vector<std::uint64_t> waiting_;
};

}  // namespace tobari::display
