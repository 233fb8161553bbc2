// SPDX-License-Identifier: GPL-3.0-or-later
#include "contract/framebuffer_source/child.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace tobari::display {

Result<Child> Child::start(const std::vector<std::string>& command, int keep_fd) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail_errno(errno, "start " + command.front());
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test is killed
    if (getppid() != parent) _exit(127);
    if (keep_fd >= 0) fcntl(keep_fd, F_SETFD, 0);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

void Child::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace tobari::display
