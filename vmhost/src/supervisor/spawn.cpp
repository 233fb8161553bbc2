// SPDX-License-Identifier: GPL-3.0-or-later
#include "supervisor/spawn.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <poll.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

constexpr int kControlDescriptor = 3;
constexpr int kExecFailed = 127;
constexpr int kKilledWithinMilliseconds = 500;

// Between fork and exec in a program with threads: system calls only.
void drop_privileges(const SpawnRequest& request) {
  if (request.group >= 0 && ::write(request.group, "0", 1) != 1) ::_exit(kExecFailed);
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) ::_exit(kExecFailed);
  if (request.uid) {
    const auto id = static_cast<uid_t>(*request.uid);
    if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) {
      ::_exit(kExecFailed);
    }
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(kExecFailed);
}

struct Program {
  std::string folder;
  std::string name;
};

[[noreturn]] void become(const SpawnRequest& request, const Program& program, char* const* argv,
                         char* const* environment, pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  // By its folder, entered while we still may: the child's user need not be able to search the folders above.
  if (::chdir(program.folder.c_str()) != 0) ::_exit(kExecFailed);
  ::setsid();  // Ctrl-C at our terminal is for us: we end our children in order
  drop_privileges(request);
  // After the change of user, which clears it; the parent may have died before.
  if (!request.outlives && (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != parent)) {
    ::_exit(kExecFailed);
  }
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(2, 1) < 0) ::_exit(kExecFailed);
  // dup2 onto itself would keep close-on-exec.
  if (request.control == kControlDescriptor) {
    if (::fcntl(kControlDescriptor, F_SETFD, 0) < 0) ::_exit(kExecFailed);
  } else if (::dup2(request.control, kControlDescriptor) < 0) {
    ::_exit(kExecFailed);
  }
  ::close_range(kControlDescriptor + 1, ~0U, 0);
  ::execve(program.name.c_str(), argv, environment);
  ::_exit(kExecFailed);
}

}  // namespace

Result<Child> spawn(const SpawnRequest& request) {
  std::vector<std::string> arguments = request.arguments;
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent"};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name); value != nullptr) variables.push_back(std::string(name) + "=" + value);
  }
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);

  const std::filesystem::path path = request.arguments[0];
  const Program program{path.has_parent_path() ? path.parent_path().string() : ".", "./" + path.filename().string()};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "start " + request.arguments[0]);
  if (pid == 0) become(request, program, argv.data(), environment.data(), parent);
  Child child{pid, UniqueFd(::pidfd_open(pid, 0))};
  if (!child.pidfd) {
    auto failure = fail_errno(errno, "watch " + request.arguments[0]);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failure;
  }
  return child;
}

void send_signal(const Child& child, int signal) noexcept {
  if (child.pid >= 0) ::pidfd_send_signal(child.pidfd.get(), signal, nullptr, 0);
}

void end(Child& child, int grace_ms) noexcept {
  if (child.pid < 0) return;
  pollfd ended{child.pidfd.get(), POLLIN, 0};
  if (grace_ms > 0) {
    send_signal(child, SIGTERM);
    ::poll(&ended, 1, grace_ms);
  }
  send_signal(child, SIGKILL);
  // By its number only what is ours: another's may be somebody else's by now.
  if (child.ours) {
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  } else {
    ::poll(&ended, 1, kKilledWithinMilliseconds);
  }
  child.pid = -1;
  child.pidfd.reset();
}

}  // namespace tobari::vmhost
