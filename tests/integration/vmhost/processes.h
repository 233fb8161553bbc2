// SPDX-License-Identifier: GPL-3.0-or-later
// Processes as a test sees them from outside.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <spawn.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <sys/wait.h>

namespace tobari::vmhost {

[[nodiscard]] inline bool eventually(const std::function<bool()>& holds,
                                     std::chrono::seconds within = std::chrono::seconds(15)) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

[[nodiscard]] inline int shell(const std::string& command) { return std::system((command + " >/dev/null").c_str()); }

// Those whose command line holds `text`; the brackets keep the asking shell out.
[[nodiscard]] inline std::vector<pid_t> pids_of(const std::string& text) {
  std::vector<pid_t> pids;
  const std::string command = "pgrep -f '[" + text.substr(0, 1) + "]" + text.substr(1) + "'";
  FILE* out = ::popen(command.c_str(), "r");
  for (int pid = 0; out != nullptr && std::fscanf(out, "%d", &pid) == 1;) pids.push_back(pid);
  if (out != nullptr) ::pclose(out);
  return pids;
}

// Our own, or another process', by the first 15 characters of their program's name.
[[nodiscard]] inline std::vector<pid_t> children_named(const std::string& name, pid_t of = ::getpid()) {
  std::vector<pid_t> pids;
  FILE* out = ::popen(("pgrep -x -P " + std::to_string(of) + " " + name).c_str(), "r");
  for (int pid = 0; out != nullptr && std::fscanf(out, "%d", &pid) == 1;) pids.push_back(pid);
  if (out != nullptr) ::pclose(out);
  return pids;
}

// Also when nobody has reaped it.
[[nodiscard]] inline bool has_ended(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  return text.empty() || text.find(") Z ") != std::string::npos;
}

// A program of ours, started and ended by the test.
class Process {
 public:
  ~Process() { end(SIGKILL); }
  void start(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), ::environ) != 0) pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // The exit status, or -1 when a signal ended it.
  int end(int signal) {
    if (pid_ <= 0) return -1;
    ::kill(pid_, signal);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace tobari::vmhost
