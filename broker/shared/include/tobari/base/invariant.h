// SPDX-License-Identifier: GPL-3.0-or-later
// Our own bugs end the process, also in release builds: the supervisor starts it again with clean state. Never for
// anything that a peer, a disk or a user can cause.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace tobari {
[[noreturn]] inline void invariant_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}
}  // namespace tobari

#define TOBARI_INVARIANT(condition) \
  ((condition) ? static_cast<void>(0) : ::tobari::invariant_failed(#condition, __FILE__, __LINE__))
