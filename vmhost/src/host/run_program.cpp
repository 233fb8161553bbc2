// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/run_program.h"

#include <cerrno>
#include <spawn.h>
#include <unistd.h>

#include <sys/wait.h>

namespace tobari::vmhost {

Result<void> run_program(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = -1;
  if (const int error = ::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), ::environ); error != 0) {
    return fail_errno(error, "start " + arguments[0]);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for " + arguments[0]);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(Errc::kIo, arguments[0] + " failed");
  return {};
}

}  // namespace tobari::vmhost
