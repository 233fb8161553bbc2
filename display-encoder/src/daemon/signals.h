// SPDX-License-Identifier: GPL-3.0-or-later
// SIGTERM, SIGINT and SIGUSR1 as a descriptor.
#pragma once

#include <csignal>
#include <cstdint>
#include <unistd.h>

#include <sys/signalfd.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display {

enum class Signal : std::uint8_t { kNone, kEnd, kReport };

// Before the first thread is started, because threads inherit what is blocked.
[[nodiscard]] inline UniqueFd block_signals() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGUSR1);
  static_cast<void>(::pthread_sigmask(SIG_BLOCK, &set, nullptr));
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// When the descriptor is readable.
[[nodiscard]] inline Signal next_signal(const UniqueFd& signals) noexcept {
  signalfd_siginfo info{};
  if (::read(signals.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return Signal::kNone;
  return info.ssi_signo == SIGUSR1 ? Signal::kReport : Signal::kEnd;
}

}  // namespace tobari::display
