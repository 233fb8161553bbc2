// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/watchdog.h"

#include <sys/socket.h>

#include <tobari/base/log.h>

namespace tobari::broker {

Watchdog::Watchdog(std::chrono::milliseconds patience)
    : patience_(patience), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Watchdog::~Watchdog() {
  thread_.request_stop();
  thread_.join();
}

Watchdog::Watch::Watch(Watchdog& dog, int socket) : dog_(dog) {
  if (socket < 0) return;
  const std::scoped_lock lock(dog_.mutex_);
  number_ = ++dog_.last_;
  dog_.watched_.emplace(number_, Watched{socket, std::chrono::steady_clock::now() + dog_.patience_});
  // Otherwise the thread waits for another one's end already, which is earlier.
  if (dog_.watched_.size() == 1) dog_.changed_.notify_one();
}

Watchdog::Watch::~Watch() {
  if (number_ == 0) return;
  const std::scoped_lock lock(dog_.mutex_);
  dog_.watched_.erase(number_);
}

void Watchdog::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (watched_.empty()) {
      changed_.wait(lock, stop, [this] { return !watched_.empty(); });
      continue;
    }
    const auto [number, first] = *watched_.begin();
    if (first.until <= std::chrono::steady_clock::now()) {
      ::shutdown(first.socket, SHUT_RDWR);
      watched_.erase(number);
      log::error("the database does not answer: its line was cut");
      continue;
    }
    changed_.wait_until(lock, stop, first.until, [] { return false; });
  }
}

}  // namespace tobari::broker
