// SPDX-License-Identifier: GPL-3.0-or-later
// Starts a child that holds nothing of ours, and cannot outlive us unless it is to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

struct SpawnRequest {
  std::vector<std::string> arguments;  // [0] is the program's path
  int control = -1;                    // becomes descriptor 3
  std::optional<std::uint32_t> uid;    // and group of the same number, no others; needs root
  int group = -1;                      // a control group's cgroup.procs, to be in it from the beginning
  bool outlives = false;               // it ends by itself, or somebody else sees to it
};

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;    // readable when it has ended
  bool ours = true;  // to reap
};

// The child has standard input from /dev/null, our standard error as output, descriptor 3 and no other; a bare
// environment; no way to gain privileges; no core dumps; and, unless it outlives us, is killed when the calling thread
// ends.
[[nodiscard]] Result<Child> spawn(const SpawnRequest& request);

void send_signal(const Child& child, int signal) noexcept;

// Ended, and reaped when it is ours, on return: asked first when `grace_ms` is not 0, then killed.
void end(Child& child, int grace_ms) noexcept;

}  // namespace tobari::vmhost
