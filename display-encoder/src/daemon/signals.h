// SPDX-License-Identifier: GPL-3.0-or-later
// SIGTERM and SIGINT as a descriptor.
#pragma once

#include <csignal>

#include <sys/signalfd.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display {

// Before the first thread is started, because threads inherit what is blocked.
[[nodiscard]] inline UniqueFd block_termination_signals() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  static_cast<void>(::pthread_sigmask(SIG_BLOCK, &set, nullptr));
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace tobari::display
