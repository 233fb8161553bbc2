// SPDX-License-Identifier: GPL-3.0-or-later
// init HOST-NAME MACHINE-ID: the first program of a container (docs/CONTAINERS.md). Lays the desktop's own files over
// the image's system, moves into that, and keeps agent, network and session running. It has the rights of root in here,
// which are none outside. What it inherits as descriptors 3, 4 and 5 are the ports of agent, picture and clipboard,
// listening.
//
// What it cannot do is its last line in the desktop's boot.log, which the host shows.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>

#include "card.h"
#include "doors.h"
#include "root.h"

namespace tobari::guest {
namespace {

constexpr int kAgentPort = 3;
constexpr int kPicturePort = 4;
constexpr int kClipboardPort = 5;
constexpr rlim_t kMaxProcesses = 2048;
constexpr time_t kLeastLife = 2;  // seconds; what ends sooner is not started again at once
constexpr time_t kFarewell = 2;   // for programs that were asked to end
constexpr timespec kALittle{0, 100'000'000};

struct Program {
  std::vector<std::string> arguments;
  std::array<int, 2> keeps{-1, -1};  // descriptors
  bool confined = false;             // the session: what runs in it may be anything
  bool of_card = false;              // begins when the network card is there, which may be never
  pid_t pid = -1;
  time_t began = 0;
};

time_t seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

[[noreturn]] void become(const Program& program) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) dup2(nothing, fd);
  for (const int fd : program.keeps) {
    if (fd >= 0) fcntl(fd, F_SETFD, 0);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (program.confined) {
    const rlimit processes{kMaxProcesses, kMaxProcesses};
    if (setrlimit(RLIMIT_NPROC, &processes) != 0 || !Doors().close()) {
      failed("confine the session");
      _exit(127);
    }
  }
  if (program.of_card && !wait_for_card()) _exit(127);
  std::vector<char*> argv;
  for (const std::string& argument : program.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  failed(argv[0]);
  _exit(127);
}

void start(Program& program) {
  program.began = seconds_now();
  program.pid = fork();
  if (program.pid == 0) become(program);
  if (program.pid < 0) failed("fork");
}

// For what is looked at again anyway: a signal that comes in between may be one of many ends, or be missed.
void wait_a_little() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigtimedwait(&child, nullptr, &kALittle);
}

// As the user, so that agent and network are not meant. Whether there was anybody.
bool signal_user(int signal) {
  const pid_t child = fork();
  if (child == 0) _exit(setresuid(kUser, kUser, kUser) == 0 && kill(-1, signal) == 0 ? 1 : 0);
  if (child < 0) return true;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  const timespec at_once{};
  sigtimedwait(&ended, nullptr, &at_once);  // the child's own, which nobody waits for
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

class Init {
 public:
  int run() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);  // a blocked signal reaches even process 1
    start_all();
    while (true) {
      const timespec soon{1, 0};
      const int signal = waits_ ? sigtimedwait(&signals, nullptr, &soon) : sigwaitinfo(&signals, nullptr);
      if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP) return leave();
      if (signal == SIGUSR1) log_off();
      reap();
    }
  }

 private:
  void start_all() {
    start(session_);
    start(agent_);
    start(network_);
  }

  void reap() {
    collect();
    // With its session the desktop begins anew: nothing of the former one stays.
    if (session_.pid < 0 && rested(session_)) {
      end_session(SIGKILL);
      start(session_);
    }
    if (agent_.pid < 0 && rested(agent_)) start(agent_);
    waits_ = session_.pid < 0 || agent_.pid < 0;
  }

  void collect() {
    int status = 0;
    for (pid_t ended = 0; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended == session_.pid) {
        session_.pid = -1;
        if (!ordered_ && WIFEXITED(status) && WEXITSTATUS(status) == 0) tell_log_off();
      }
      if (ended == agent_.pid) agent_.pid = -1;
    }
  }

  // The host wants the user's work ended; its user is asked first, program by program.
  void log_off() {
    ordered_ = true;
    end_session(SIGTERM);
    ordered_ = false;
    if (session_.pid < 0) start(session_);
  }

  // Its window manager ended in order: its user has said so. The agent passes it on. The folder is the user's, so what
  // is there is not opened.
  static void tell_log_off() {
    const int fd = open("/run/tobari/session/logged-off", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0) close(fd);
  }

  // Without processes of the user, on return, but for those that nothing ends.
  void end_session(int first) {
    const time_t asked = seconds_now();
    int signal = first;
    while (signal_user(signal)) {
      collect();
      const time_t waited = seconds_now() - asked;
      if (waited > 2 * kFarewell) return;
      if (signal != SIGKILL) signal = waited >= kFarewell ? SIGKILL : 0;
      wait_a_little();
      collect();
    }
  }

  static bool rested(const Program& program) { return seconds_now() - program.began >= kLeastLife; }

  // Without processes but this one, on return.
  static void end_all(int signal) {
    kill(-1, signal);
    const time_t until = seconds_now() + kFarewell;
    pid_t ended = 0;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) >= 0 && seconds_now() < until) {
      if (ended == 0) wait_a_little();
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
  }

  static int leave() {
    end_all(SIGTERM);
    return 0;
  }

  Program session_{
      .arguments = {"/usr/lib/tobari/container/session"}, .keeps = {kPicturePort, kClipboardPort}, .confined = true};
  Program agent_{.arguments = {"/usr/lib/tobari/tobari-agent", "--listener", std::to_string(kAgentPort),
                               "/usr/lib/tobari/container/commands", "/run/tobari/session"},
                 .keeps = {kAgentPort, -1}};
  Program network_{.arguments = {"/usr/lib/tobari/network-up", kCard}, .of_card = true};
  bool waits_ = false;    // for something that ended too soon
  bool ordered_ = false;  // the session's end is not its user's doing
};

}  // namespace

int run_container(char** arguments) {
  umask(022);
  boot_log = open("/.tobari/own/boot.log", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  for (const int port : {kAgentPort, kPicturePort, kClipboardPort}) {
    if (fcntl(port, F_SETFD, FD_CLOEXEC) != 0) {
      say("descriptor %d is not there: the container was not started by tobari-vmhost\n", port);
      return 1;
    }
  }
  if (!make_root() || !mount_memory() || !set_names(arguments[1], arguments[2])) return 1;
  return Init().run();
}

}  // namespace tobari::guest

int main(int argc, char** argv) {
  if (argc != 3 || getpid() != 1) {
    std::fputs("usage: init HOST-NAME MACHINE-ID, as the first process of a container\n", stderr);
    return 2;
  }
  return tobari::guest::run_container(argv);
}
