// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-agent: serves the host over one virtio-serial port, or over a listening socket in a container (PROTOCOL.md).
// What a command does is a program in a folder of commands, except for `identity`, for which somebody waits; this file
// reads, checks, runs and answers. It sleeps until something happens.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <span>
#include <spawn.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../identity/identity.h"
#include "protocol.h"

namespace tobari::guest {
namespace {

constexpr std::size_t kMaxOutput = 16 * 1024;  // a host that sends but does not read is not read either
constexpr int kCommandMilliseconds = 10'000;

template <typename... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};

class Agent {
 public:
  // One of them is -1.
  Agent(int port, int listener, std::string commands, std::string state)
      : port_(port), listener_(listener), commands_(std::move(commands)), state_(std::move(state)) {}

  int run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    const int changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (epoll_ < 0 || changes < 0) return fail("cannot wait for events");
    if (inotify_add_watch(changes, state_.c_str(), IN_CREATE | IN_DELETE | IN_MOVED_TO) < 0)
      return fail(state_.c_str());
    // Edge-triggered: a port whose host side is closed reports that state for ever, and would keep us awake.
    if (port_ >= 0 && !add(port_, kOfPort)) return fail("epoll");
    if (listener_ >= 0 && !add(listener_, EPOLLIN)) return fail("epoll");
    if (!add(changes, EPOLLIN)) return fail("epoll");
    ready_ = is_ready();
    host_gone_ = port_ < 0;
    say_hello();

    while (true) {
      epoll_event event{};
      if (epoll_wait(epoll_, &event, 1, -1) < 0) {
        if (errno == EINTR) continue;
        return fail("epoll_wait");
      }
      if (event.data.fd == changes) {
        drain(changes);
        follow_state();
      } else if (event.data.fd == listener_) {
        accept_one();
      } else if (event.data.fd == port_) {
        follow_port((event.events & (EPOLLHUP | EPOLLRDHUP)) != 0);
      }
    }
  }

 private:
  static int fail(const char* what) {
    std::fprintf(stderr, "tobari-agent: %s: %s\n", what, std::strerror(errno));
    return 1;
  }

  bool add(int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
  }

  // Of sockets: the newest connection counts.
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (port_ >= 0) close(port_);
    port_ = fd;
    lines_.reset();
    output_.clear();
    host_gone_ = false;
    add(port_, kOfPort | EPOLLRDHUP);
    say_hello();
  }

  static void drain(int fd) {
    std::array<char, 4096> buffer;
    while (read(fd, buffer.data(), buffer.size()) > 0) {
    }
  }

  bool is_ready() const {
    struct stat info{};
    return stat((state_ + "/ready").c_str(), &info) == 0;
  }

  void say_hello() { answer(ready_ ? "hello 1 ready" : "hello 1 booting"); }

  void follow_state() {
    const bool was = std::exchange(ready_, is_ready());
    if (ready_ && !was) answer("ready");
    // Left by the session when its user ended it; told once.
    if (unlink((state_ + "/logged-off").c_str()) == 0) answer("logged-off");
  }

  void follow_port(bool hung_up) {
    if (hung_up) {
      // Still: it is opening the port again, and its first words may be here before the kernel has noticed.
      if (std::exchange(host_gone_, true) && listener_ < 0) return;
      // The host went away: what it half said and did not read is void. It greets us anew when it is back.
      lines_.reset();
      output_.clear();
      drain(port_);
      if (listener_ < 0) return;
      close(port_);
      port_ = -1;
      return;
    }
    if (std::exchange(host_gone_, false)) say_hello();
    std::array<char, 4096> buffer;
    while (flush()) {
      const auto got = read(port_, buffer.data(), buffer.size());
      if (got <= 0) return;
      std::string_view input(buffer.data(), static_cast<std::size_t>(got));
      while (auto line = lines_.next(input)) handle(*line);
    }
  }

  void handle(const std::optional<std::string>& line) {
    if (!line) return answer("error line too-long");
    auto command = parse_command(*line);
    if (!command) return answer("error " + command.error());
    std::visit(Overload{
                   [&](const Hello&) {
                     follow_state();  // its event may still wait behind this one
                     say_hello();
                   },
                   [&](const Hostname& c) { report("hostname", run_command("hostname", {c.name})); },
                   [&](const Identity& c) { become(c); },
                   [&](const Settle&) { report("settle", run_command("settle", {})); },
                   [&](const Clock& c) { report("clock", run_command("clock", {c.milliseconds})); },
                   [&](const Home& c) { report("home", run_command("home", {c.kind, c.name})); },
                   [&](const LogOff&) { report("log-off", run_command("log-off", {})); },
                   [&](const Resize& c) {
                     report("resize", run_command("resize", {std::to_string(c.width), std::to_string(c.height)}));
                   },
                   [&](const Shutdown&) {
                     answer("ok shutdown");  // first, because the end of the system is also the end of this program
                     if (!run_command("shutdown", {})) answer("error shutdown failed");
                   },
                   [&](const Ping& c) { answer("pong " + std::to_string(c.number)); },
               },
               *command);
  }

  // A program of that name in the folder of commands does it instead.
  void become(const Identity& c) {
    if (access((commands_ + "/identity").c_str(), X_OK) == 0) {
      return report("identity", run_command("identity", {c.name, c.machine_id, c.milliseconds, c.seed}));
    }
    const auto hooks = identity_hooks();
    bool done = set_clock(std::strtoll(c.milliseconds.c_str(), nullptr, 10)) && stir(c.seed) && take_name(c.name);
    // A hook finds everything as it will be. Without one the user is let in first: nobody else reads files yet.
    if (!hooks.empty()) {
      done = done && keep_names(c.name, c.machine_id) &&
             std::ranges::all_of(hooks, [this](const std::string& hook) { return run_program({hook}); });
    }
    report("identity", done);
    if (done && hooks.empty() && !keep_names(c.name, c.machine_id)) fail("the machine's names");
  }

  void report(const std::string& command, bool done) {
    answer(done ? "ok " + command : "error " + command + " failed");
  }

  // Commands are short; one at a time keeps the answers in the order of the questions.
  bool run_command(const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), commands_ + "/" + name);
    return run_program(std::move(arguments));
  }

  static bool run_program(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawn(&child, argv[0], nullptr, nullptr, argv.data(), environ) != 0) return false;
    end_in_time(child);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  static void end_in_time(pid_t child) {
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));  // glibc's header lacks extern "C"
    pollfd ended{handle, POLLIN, 0};
    if (handle < 0 || poll(&ended, 1, kCommandMilliseconds) != 1) kill(child, SIGKILL);
    if (handle >= 0) close(handle);
  }

  // With nobody at the other end there is no one to tell: the state is told again when the host opens the port.
  void answer(std::string_view line) {
    if (host_gone_) return;
    output_ += line;
    output_ += '\n';
    flush();
  }

  // False when the host has to read first; the port's next event continues.
  bool flush() {
    while (!output_.empty()) {
      const auto sent = write(port_, output_.data(), output_.size());
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return output_.size() < kMaxOutput;
      output_.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
  }

  static constexpr std::uint32_t kOfPort = EPOLLIN | EPOLLOUT | EPOLLET;

  int port_;
  const int listener_;
  int epoll_ = -1;
  const std::string commands_;
  const std::string state_;
  LineReader lines_;
  std::string output_;
  bool ready_ = false;
  bool host_gone_ = false;
};

int serve(std::span<char*> arguments) {
  const bool listening = arguments.size() == 5 && std::strcmp(arguments[1], "--listener") == 0;
  if (arguments.size() != 4 && !listening) {
    std::fputs(
        "usage: tobari-agent PORT COMMANDS STATE\n"
        "       tobari-agent --listener DESCRIPTOR COMMANDS STATE\n"
        "Serves the host over the virtio-serial port PORT, or who connects to a listening descriptor, runs the "
        "programs\n"
        "hostname, identity, settle, resize, shutdown, clock, home and log-off of the folder COMMANDS, and takes the\n"
        "file STATE/ready as the sign that the desktop is up, STATE/logged-off that its user has ended the session.\n",
        stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (listening) {
    const int listener = std::atoi(arguments[2]);
    if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0 || fcntl(listener, F_SETFD, FD_CLOEXEC) != 0) {
      std::fprintf(stderr, "tobari-agent: descriptor %d: %s\n", listener, std::strerror(errno));
      return 1;
    }
    return Agent(-1, listener, arguments[3], arguments[4]).run();
  }
  // A virtio port can be opened once at a time, so it is held open for good.
  const int port = open(arguments[1], O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (port < 0) {
    std::fprintf(stderr, "tobari-agent: %s: %s\n", arguments[1], std::strerror(errno));
    return 1;
  }
  return Agent(port, -1, arguments[2], arguments[3]).run();
}

}  // namespace
}  // namespace tobari::guest

int main(int argc, char** argv) { return tobari::guest::serve({argv, static_cast<std::size_t>(argc)}); }
