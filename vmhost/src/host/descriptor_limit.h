// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop is some descriptors here and some more with the keeper: as many as this process may have at all.
#pragma once

#include <sys/resource.h>

namespace tobari::vmhost {

inline void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace tobari::vmhost
