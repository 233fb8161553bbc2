// SPDX-License-Identifier: GPL-3.0-or-later
// Ends a connection that takes too long to become a session. A thread of its own, because during the TLS handshake
// FreeRDP blocks the one that owns the peer; it ends as soon as the session is up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <sys/socket.h>

#include <tobari/base/clock.h>

namespace tobari::display {

class HandshakeGuard {
 public:
  // `fd` is shut down at `deadline` unless done() came before; it must stay open until then.
  HandshakeGuard(int fd, Clock::Steady deadline)
      : thread_([this, fd, deadline](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          changed_.wait_until(lock, stop, deadline, [] { return false; });
          if (stop.stop_requested()) return;
          expired_ = true;
          static_cast<void>(::shutdown(fd, SHUT_RDWR));
        }) {}

  void done() noexcept { thread_.request_stop(); }
  [[nodiscard]] bool expired() const noexcept { return expired_; }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::atomic<bool> expired_ = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace tobari::display
