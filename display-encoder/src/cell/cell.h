// SPDX-License-Identifier: GPL-3.0-or-later
// The cell around a display process, which parses what hostile clients and guests send: once it has started it needs a
// control socket, the descriptors that come over it, memory and time. Everything else is taken away, by three walls of
// which each would do alone:
//   name spaces  no network, no files, no other process's names
//   Landlock     no path, no TCP port, no signal and no abstract socket of anybody else
//   seccomp      all system calls but those in system_calls.cpp
#pragma once

#include <cstddef>
#include <string>

#include <tobari/base/result.h>

namespace tobari::display {

struct CellReport {
  // Why there are none: the kernel or the administrator forbids user name spaces. Empty: they are there. The other two
  // walls are required, since every kernel of the platform has them.
  std::string no_name_spaces;
  int landlock_abi = 0;
  std::size_t system_calls = 0;  // that are left
};

// Once, by the only thread, after everything that needs files (libraries, certificates) was loaded and before the first
// byte of a peer is read. There is no way back. On an error the process is half shut in and has to end.
[[nodiscard]] Result<CellReport> enter_cell();

}  // namespace tobari::display
