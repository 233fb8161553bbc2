// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/confined.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <format>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>
#include <utility>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <tobari/base/unique_fd.h>

#include "images/landlock_rules.h"

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

constexpr int kNotStarted = 126;  // also said by shells of what cannot be run
constexpr rlim_t kMostOpenFiles = 256;
constexpr rlim_t kMostProcesses = 256;  // threads count
constexpr rlim_t kProcessors = 8;       // that it may keep busy all the time
constexpr std::chrono::milliseconds kTick = 250ms;
constexpr std::size_t kMaxComplaint = 400;
constexpr std::size_t kPipeChunk = 4096;

struct PipeEnds {
  UniqueFd read;
  UniqueFd write;
};

Result<PipeEnds> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "make a pipe");
  PipeEnds made{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(made.read.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno(errno, "set up a pipe");
  return made;
}

// All that the child needs, made before the fork: behind it only system calls are allowed.
struct Launch {
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::optional<std::uint32_t> user;
  int rules = -1;
  int output = -1;
  int complaints = -1;
  rlim_t memory = 0;
  rlim_t file = 0;
  rlim_t seconds = 0;
  pid_t parent = 0;
};

void limit(int which, rlim_t most) {
  const rlimit value{most, most};
  if (::setrlimit(which, &value) != 0) ::_exit(kNotStarted);
}

// Root may make them; a service that has not got that right (installer/systemd) makes them as the user that it becomes,
// within a name space of users, in which nobody is root.
void shut_in(const Launch& launch) {
  constexpr int kApart = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  const bool is_apart = ::unshare(kApart) == 0;
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_AS, launch.memory);
  limit(RLIMIT_FSIZE, launch.file);
  limit(RLIMIT_CPU, launch.seconds);
  limit(RLIMIT_NOFILE, kMostOpenFiles);
  if (launch.user) {
    limit(RLIMIT_NPROC, kMostProcesses);
    const auto id = static_cast<uid_t>(*launch.user);
    if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) {
      ::_exit(kNotStarted);
    }
  }
  if (!is_apart && ::unshare(kApart | CLONE_NEWUSER) != 0) ::_exit(kNotStarted);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(kNotStarted);
  // After the change of user, which clears it; the parent may have died before.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != launch.parent) ::_exit(kNotStarted);
}

[[noreturn]] void become_confined(const Launch& launch) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setsid();
  if (::chdir("/") != 0) ::_exit(kNotStarted);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(launch.output, 1) < 0 || ::dup2(launch.complaints, 2) < 0) {
    ::_exit(kNotStarted);
  }
  shut_in(launch);
  if (::syscall(SYS_landlock_restrict_self, launch.rules, 0U) != 0) ::_exit(kNotStarted);
  ::close_range(3, ~0U, 0);
  ::execve(launch.argv[0], launch.argv.data(), launch.environment.data());
  ::_exit(kNotStarted);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (std::string& text : texts) found.push_back(text.data());
  found.push_back(nullptr);
  return found;
}

// The program, from its start to its end.
class Confined {
 public:
  Confined(pid_t pid, UniqueFd pidfd, UniqueFd output, UniqueFd complaints)
      : pid_(pid), pidfd_(std::move(pidfd)), output_(std::move(output)), complaints_(std::move(complaints)) {}
  ~Confined() { kill(); }
  Confined(const Confined&) = delete;
  Confined& operator=(const Confined&) = delete;

  [[nodiscard]] bool watched() const noexcept { return static_cast<bool>(pidfd_); }
  Result<void> wait(const ConfinedCommand& command, const ConfinedWatch& watch) {
    const std::chrono::seconds within = command.within;
    const auto deadline = std::chrono::steady_clock::now() + within;
    for (;;) {
      std::array<pollfd, 3> waiting{
          {{pidfd_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {complaints_.get(), POLLIN, 0}}};
      ::poll(waiting.data(), waiting.size(), static_cast<int>(kTick.count()));
      take_output(watch);
      if (waiting[0].revents != 0) break;
      if (watch.on_tick) TOBARI_TRY(watch.on_tick());
      if (std::chrono::steady_clock::now() > deadline) {
        return fail(Errc::kTimeout, std::format("it took longer than {} minutes", within.count() / 60));
      }
    }
    kill_group();  // before its number may be somebody else's
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    take_output(watch);
    if (WIFEXITED(status) && std::ranges::contains(command.also_good, WEXITSTATUS(status))) return {};
    return judge(status);
  }

 private:
  void take_output(const ConfinedWatch& watch) {
    std::array<char, kPipeChunk> chunk{};
    for (UniqueFd* const from : {&output_, &complaints_}) {
      while (from->get() >= 0) {
        const ssize_t n = ::read(from->get(), chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) from->reset();
        if (n <= 0) break;
        const std::string_view text(chunk.data(), static_cast<std::size_t>(n));
        if (from == &output_ && watch.on_output) watch.on_output(text);
        const std::size_t room = kMaxComplaint - std::min(kMaxComplaint, complaint_.size());
        if (from == &complaints_) complaint_ += text.substr(0, room);
      }
    }
  }

  // A line of printable characters.
  [[nodiscard]] std::string said() const {
    std::string line;
    for (const char c : complaint_) {
      if (c == '\n' && !line.empty()) break;
      if (c >= ' ' && c <= '~') line += c;
    }
    return line.empty() ? "it says no reason" : line;
  }

  [[nodiscard]] Result<void> judge(int status) const {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotStarted && complaint_.empty()) {
      return fail(Errc::kUnavailable, "it could not be started, or this host cannot confine it");
    }
    if (complaint_.contains("No space left") || complaint_.contains("Disk quota")) {
      return fail(Errc::kExhausted, "the disk is full");
    }
    if (WIFSIGNALED(status)) {
      const int number = WTERMSIG(status);
      if (number == SIGXFSZ || number == SIGXCPU) {
        return fail(Errc::kExhausted, "it needs more room or time than it may have");
      }
      return fail(Errc::kInvalidArgument, std::format("it was ended by signal {}: {}", number, said()));
    }
    if (complaint_.contains("File too large")) return fail(Errc::kExhausted, "it needs more room than it may have");
    return fail(Errc::kInvalidArgument, said());
  }

  // What it has started goes with it.
  void kill_group() const noexcept { ::kill(-pid_, SIGKILL); }
  void kill() noexcept {
    if (pid_ < 0) return;
    kill_group();
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

  pid_t pid_;
  UniqueFd pidfd_;
  UniqueFd output_;
  UniqueFd complaints_;
  std::string complaint_;
};

}  // namespace

Result<void> run_confined(const ConfinedCommand& command, const ConfinedWatch& watch) {
  std::vector<std::string> arguments = command.arguments;
  if (::access(arguments[0].c_str(), X_OK) != 0) {
    return fail(Errc::kNotFound, std::format("{} is not installed on this host", arguments[0]));
  }
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent"};
  variables.insert(variables.end(), command.environment.begin(), command.environment.end());
  TOBARI_ASSIGN(const UniqueFd rules, landlock_rules(command.may_read, command.may_write));
  TOBARI_ASSIGN(PipeEnds output, make_pipe());
  TOBARI_ASSIGN(PipeEnds complaints, make_pipe());
  const Launch launch{.argv = pointers(arguments),
                      .environment = pointers(variables),
                      .user = command.user,
                      .rules = rules.get(),
                      .output = output.write.get(),
                      .complaints = complaints.write.get(),
                      .memory = command.memory_bytes,
                      .file = command.file_bytes,
                      .seconds = kProcessors * static_cast<rlim_t>(command.within.count()),
                      .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "start " + arguments[0]);
  if (pid == 0) become_confined(launch);
  Confined running(pid, UniqueFd(::pidfd_open(pid, 0)), std::move(output.read), std::move(complaints.read));
  if (!running.watched()) return fail_errno(errno, "watch " + arguments[0]);
  output.write.reset();
  complaints.write.reset();
  return running.wait(command, watch);
}

}  // namespace tobari::vmhost
