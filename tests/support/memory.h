// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <fstream>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // g++ comes without the header that says so
#endif

namespace tobari::testing {

// What this process holds, in MiB, for bounds on growth: its resident pages. The address sanitizer keeps freed memory
// resident for a while to find late uses of it, so under it the live allocations are counted.
inline long memory_held_mib() {
#ifdef __SANITIZE_ADDRESS__
  return static_cast<long>(__sanitizer_get_current_allocated_bytes() >> 20);
#else
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / (1 << 20);
#endif
}

}  // namespace tobari::testing
