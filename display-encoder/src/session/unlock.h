// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>

namespace tobari::display {

// Lets go of a lock for a scope.
class Unlock {
 public:
  explicit Unlock(std::unique_lock<std::mutex>& lock) : lock_(lock) { lock_.unlock(); }
  ~Unlock() { lock_.lock(); }
  Unlock(const Unlock&) = delete;
  Unlock& operator=(const Unlock&) = delete;

 private:
  std::unique_lock<std::mutex>& lock_;
};

}  // namespace tobari::display
