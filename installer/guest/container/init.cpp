// SPDX-License-Identifier: GPL-3.0-or-later
// init HOST-NAME MACHINE-ID: the first program of a container (docs/CONTAINERS.md). Lays the desktop's own files over the
// image's system, moves into that, and keeps agent, network and session running. It has the rights of root in here, which
// are none outside. What it inherits as descriptors 3, 4 and 5 are the ports of agent, picture and clipboard, listening.
//
// What it cannot do is its last line in the desktop's boot.log, which the host shows.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "doors.h"

namespace tobari::guest {
namespace {

constexpr int kAgentPort = 3;
constexpr int kPicturePort = 4;
constexpr int kClipboardPort = 5;
constexpr uid_t kUser = 1000;
constexpr rlim_t kMaxProcesses = 2048;
constexpr time_t kLeastLife = 2;       // seconds; what ends sooner is not started again at once
constexpr time_t kFarewell = 2;        // for programs that were asked to end
constexpr const char* kNewRoot = "/.tobari/root";

int boot_log = -1;

[[gnu::format(printf, 1, 2)]] bool say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vdprintf(boot_log, format, arguments);
  va_end(arguments);
  return false;
}

bool failed(const char* what) { return say("%s: %s\n", what, std::strerror(errno)); }

// ---- the root

bool mount_at(const char* source, const char* target, const char* type, unsigned long flags, const char* options) {
  if (mount(source, target, type, flags, options) == 0) return true;
  const int error = errno;
  return say("mount %s at %s: %s\n", type == nullptr ? source : type, target, std::strerror(error));
}

bool make_folder(const char* path, mode_t mode, uid_t owner) {
  if (mkdir(path, 0700) != 0 && errno != EEXIST) return failed(path);
  return (chown(path, owner, owner) == 0 && chmod(path, mode) == 0) || failed(path);
}

// In a user name space of our own an overlay needs nobody's leave; its notes are in attributes that users may write.
bool make_root() {
  if (!mount_at("overlay", kNewRoot, "overlay", MS_NODEV | MS_NOSUID,
                "lowerdir=/.tobari/base,upperdir=/.tobari/own/upper,workdir=/.tobari/own/work,userxattr")) {
    return false;
  }
  for (const char* place : {"/dev", "/proc", "/sys"}) {
    if (!mount_at(place, (kNewRoot + std::string(place)).c_str(), nullptr, MS_BIND | MS_REC, nullptr)) return false;
  }
  if (chdir(kNewRoot) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
      chdir("/") != 0) {
    return failed("enter the desktop's root");
  }
  return true;
}

bool mount_memory() {
  return mount_at("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m,nr_inodes=4096") &&
         mount_at("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=1g,nr_inodes=65536") &&
         make_folder("/dev/shm", 01777, 0) &&
         mount_at("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=512m,nr_inodes=65536") &&
         make_folder("/run/tobari", 0755, 0) && make_folder("/run/lock", 01777, 0) &&
         make_folder("/run/tobari/session", 0755, kUser) && make_folder("/run/tobari/screen", 0700, kUser) &&
         // Where the X server keeps its screen: room for the largest, memory for what is shown.
         mount_at("screen", "/run/tobari/screen", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "mode=700,uid=1000,gid=1000,size=48m,nr_inodes=16") &&
         make_folder("/run/user", 0700, kUser) && make_folder("/tmp/.X11-unix", 01777, 0) &&
         make_folder("/tmp/.ICE-unix", 01777, 0);
}

// ---- names

bool write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed(path.c_str());
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return (written && rename(fresh.c_str(), path.c_str()) == 0) || failed(path.c_str());
}

bool set_names(const std::string& host, const std::string& machine) {
  if (sethostname(host.data(), host.size()) != 0) return failed("set the host name");
  return write_file("/etc/hostname", host + "\n") &&
         // Resolvable, or programs wait for a DNS answer.
         write_file("/etc/hosts", "127.0.0.1 localhost " + host + "\n::1 localhost " + host + "\n") &&
         write_file("/etc/machine-id", machine + "\n");
}

// ---- programs

struct Program {
  std::vector<std::string> arguments;
  std::array<int, 2> keeps{-1, -1};  // descriptors
  bool confined = false;             // the session: what runs in it may be anything
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

class Init {
 public:
  int run() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);  // a blocked signal reaches even process 1
    start_all();
    while (true) {
      const timespec soon{1, 0};
      const int signal = waits_ ? sigtimedwait(&signals, nullptr, &soon) : sigwaitinfo(&signals, nullptr);
      if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP) return leave();
      reap();
    }
  }

 private:
  void start_all() {
    start(session_);
    start(agent_);
    if (access("/sys/class/net/eth0", F_OK) == 0) start(network_);
  }

  void reap() {
    for (pid_t ended = 0; (ended = waitpid(-1, nullptr, WNOHANG)) > 0;) {
      if (ended == session_.pid) session_.pid = -1;
      if (ended == agent_.pid) agent_.pid = -1;
    }
    // With its session the desktop begins anew: nothing of the former one stays.
    if (session_.pid < 0 && rested(session_)) {
      end_all(SIGKILL);
      return start_all();
    }
    if (agent_.pid < 0 && rested(agent_)) start(agent_);
    waits_ = session_.pid < 0 || agent_.pid < 0;
  }

  static bool rested(const Program& program) { return seconds_now() - program.began >= kLeastLife; }

  // Without processes but this one, on return.
  static void end_all(int signal) {
    kill(-1, signal);
    const time_t until = seconds_now() + kFarewell;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pid_t ended = 0;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) >= 0 && seconds_now() < until) {
      const timespec soon{0, 100'000'000};
      if (ended == 0) sigtimedwait(&child, nullptr, &soon);
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
  }

  static int leave() {
    end_all(SIGTERM);
    return 0;
  }

  Program session_{.arguments = {"/usr/lib/tobari/container/session"},
                   .keeps = {kPicturePort, kClipboardPort},
                   .confined = true};
  Program agent_{.arguments = {"/usr/lib/tobari/tobari-agent", "--listener", std::to_string(kAgentPort),
                               "/usr/lib/tobari/container/commands", "/run/tobari/session"},
                 .keeps = {kAgentPort, -1}};
  Program network_{.arguments = {"/usr/lib/tobari/network-up", "eth0"}};
  bool waits_ = false;  // for something that ended too soon
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
