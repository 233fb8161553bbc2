// SPDX-License-Identifier: GPL-3.0-or-later
#include "x_server.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include <sys/wait.h>

namespace tobari::client::test {
namespace {

pid_t run(std::vector<std::string> words) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

void end(pid_t pid) {
  if (pid <= 0) return;
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
}

}  // namespace

XServer::XServer() {
  int pipe_ends[2] = {-1, -1};
  if (::pipe(pipe_ends) != 0) std::abort();
  server_ = run({"Xvfb", "-displayfd", std::to_string(pipe_ends[1]), "-screen", "0", "1400x1000x24", "-nolisten", "tcp",
                 "-noreset"});
  ::close(pipe_ends[1]);
  std::string number;
  char c = 0;
  while (::read(pipe_ends[0], &c, 1) == 1 && c != '\n') number += c;
  ::close(pipe_ends[0]);
  if (number.empty()) {
    std::fputs("Xvfb does not start\n", stderr);
    std::abort();
  }
  display_ = ":" + number;
  ::setenv("DISPLAY", display_.c_str(), 1);
  manager_ = run({"openbox"});
}

XServer::~XServer() {
  end(manager_);
  end(server_);
}

}  // namespace tobari::client::test
