// SPDX-License-Identifier: GPL-3.0-or-later
#include "escapes.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <unistd.h>

#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace tobari::display::testing {
namespace {

int outcome(long result) { return result < 0 ? errno : 0; }

template <class Address>
int connect_to(int family, int type, const Address& address, socklen_t length) {
  const int fd = ::socket(family, type, 0);
  if (fd < 0) return errno;
  return outcome(::connect(fd, reinterpret_cast<const sockaddr*>(&address), length));
}

int execute(const char* path) {
  // In a child, so that success can be told; what may not make a child has not executed anything either.
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    ::execl(path, path, nullptr);
    ::_exit(100);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EACCES;
}

int execute_memory() {
  const int program = ::memfd_create("program", 0);
  if (program < 0) return errno;
  const char script[] = "#!/bin/true\n";
  if (::write(program, script, sizeof script - 1) < 0) return errno;
  return outcome(::fcntl(program, F_ADD_SEALS, F_SEAL_WRITE));
}

int run_written_code() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno;
  return outcome(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

int map_code() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : 0;
}

int fork_child() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  return outcome(child);
}

int read_neighbour(const Outside& o) {
  std::uint64_t copy = 0;
  iovec here{&copy, sizeof copy};
  iovec there{const_cast<void*>(o.secret()), sizeof copy};
  return outcome(::process_vm_readv(o.neighbour(), &here, 1, &there, 1, 0));
}

int open_memory_of_neighbour(const Outside& o) {
  return outcome(::open(("/proc/" + std::to_string(o.neighbour()) + "/mem").c_str(), O_RDWR));
}

int take_descriptor_of_neighbour(const Outside& o) {
  const long process = ::syscall(SYS_pidfd_open, o.neighbour(), 0);
  if (process < 0) return errno;
  return outcome(::syscall(SYS_pidfd_getfd, process, 2, 0));
}

int trace_neighbour(const Outside& o) {
  if (::ptrace(PTRACE_SEIZE, o.neighbour(), nullptr, nullptr) != 0) return errno;
  ::ptrace(PTRACE_DETACH, o.neighbour(), nullptr, nullptr);
  return 0;
}

int send_udp(const Outside& o) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) return errno;
  return outcome(::sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&o.udp()), sizeof o.udp()));
}

int listen_on_port(const Outside&) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  // A port of its own choice: the kernel's choice (0) is checked by Landlock as well.
  for (const int port : {45'811, 45'812, 45'813, 45'814}) {
    any.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0) return outcome(::listen(fd, 1));
    if (errno != EADDRINUSE) return errno;
  }
  return EADDRINUSE;
}

int set_up_ring(const Outside&) {
  io_uring_params parameters{};
  return outcome(::syscall(SYS_io_uring_setup, 4, &parameters));
}

int count_events(const Outside&) {
  perf_event_attr counter{};
  counter.size = sizeof counter;
  counter.type = PERF_TYPE_SOFTWARE;
  counter.config = PERF_COUNT_SW_TASK_CLOCK;
  counter.exclude_kernel = 1;
  return outcome(::syscall(SYS_perf_event_open, &counter, 0, -1, -1, 0UL));
}

using O = Outside;
constexpr unsigned kNS = kNameSpaces | kSystemCalls;
constexpr unsigned kLS = kLandlock | kSystemCalls;

constexpr std::array kEscapes{
    // Files.
    Escape{"read a file of the system", [](const O&) { return outcome(::open("/etc/passwd", O_RDONLY)); }, true, kAll},
    Escape{"read a file of its user", [](const O& o) { return outcome(::open(o.file(), O_RDONLY)); }, true, kAll},
    Escape{"write a file of its user", [](const O& o) { return outcome(::open(o.file(), O_WRONLY)); }, true, kAll},
    Escape{"make a file",
           [](const O& o) {
             return outcome(::open((std::string(o.folder()) + "/new").c_str(), O_CREAT | O_WRONLY, 0600));
           },
           true, kAll},
    Escape{"make a file in the working folder",
           [](const O&) { return outcome(::open("new", O_CREAT | O_WRONLY, 0600)); }, false, kAll},
    Escape{"delete a file", [](const O& o) { return outcome(::unlink(o.victim())); }, true, kAll},
    Escape{"list a folder", [](const O&) { return outcome(::open("/", O_RDONLY | O_DIRECTORY)); }, true, kLS},
    Escape{"list the processes", [](const O&) { return outcome(::open("/proc", O_RDONLY | O_DIRECTORY)); }, true, kAll},
    Escape{"read its own memory map", [](const O&) { return outcome(::open("/proc/self/maps", O_RDONLY)); }, true,
           kAll},
    Escape{"open by openat2",
           [](const O&) {
             const std::array<std::uint64_t, 3> how{};
             return outcome(::syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how.data(), sizeof how));
           },
           true, kAll},
    Escape{"open a device", [](const O&) { return outcome(::open("/dev/null", O_RDWR)); }, true, kAll},
    Escape{"open a file by its handle",
           [](const O&) {
             std::array<unsigned, 8> handle{8, 1};
             return outcome(::syscall(SYS_open_by_handle_at, AT_FDCWD, handle.data(), O_RDONLY));
           },
           false, kSystemCalls},
    Escape{"watch files", [](const O&) { return outcome(::syscall(SYS_inotify_init1, 0)); }, true, kSystemCalls},
    Escape{"change its root", [](const O& o) { return outcome(::chroot(o.folder())); }, false, kAll},
    Escape{"mount", [](const O& o) { return outcome(::mount("tmpfs", o.folder(), "tmpfs", 0, nullptr)); }, false, kAll},
    // The network, and other processes by sockets.
    Escape{"connect over TCP", [](const O& o) { return connect_to(AF_INET, SOCK_STREAM, o.tcp(), sizeof o.tcp()); },
           true, kAll},
    Escape{"listen on TCP", listen_on_port, true, kLS},
    Escape{"send over UDP", send_udp, true, kNS},
    Escape{"connect to an abstract socket",
           [](const O& o) { return connect_to(AF_UNIX, SOCK_STREAM, o.abstract(), o.abstract_length()); }, true, kAll},
    Escape{"make a Unix socket", [](const O&) { return outcome(::socket(AF_UNIX, SOCK_STREAM, 0)); }, true,
           kSystemCalls},
    Escape{"open netlink", [](const O&) { return outcome(::socket(AF_NETLINK, SOCK_RAW, 0)); }, true, kSystemCalls},
    Escape{"open a raw socket", [](const O&) { return outcome(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }, false,
           kNS},
    Escape{"open a packet socket", [](const O&) { return outcome(::socket(AF_PACKET, SOCK_RAW, 0)); }, false, kNS},
    Escape{"use the kernel's ciphers", [](const O&) { return outcome(::socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0)); },
           false, kSystemCalls},
    Escape{"make a pair of IP sockets",
           [](const O&) {
             std::array<int, 2> pair{};
             return outcome(::socketpair(AF_INET, SOCK_STREAM, 0, pair.data()));
           },
           false, kSystemCalls},
    // Other processes.
    Escape{"signal a neighbour", [](const O& o) { return outcome(::kill(o.neighbour(), SIGCONT)); }, true, kLS},
    Escape{"signal its parent", [](const O&) { return outcome(::kill(::getppid(), SIGCONT)); }, false, kLS},
    Escape{"trace a neighbour", trace_neighbour, true, kLS},
    Escape{"read a neighbour's memory", read_neighbour, true, kLS},
    Escape{"open a neighbour's memory", open_memory_of_neighbour, true, kAll},
    Escape{"take a neighbour's descriptor", take_descriptor_of_neighbour, true, kLS},
    Escape{"use shared memory of System V", [](const O&) { return outcome(::shmget(0x746f, 4096, IPC_CREAT | 0600)); },
           true, kSystemCalls},
    Escape{"use a message queue", [](const O&) { return outcome(::msgget(0x746f, IPC_CREAT | 0600)); }, true,
           kSystemCalls},
    // Programs and code.
    Escape{"execute a program", [](const O&) { return execute("/bin/true"); }, true, kAll},
    Escape{"write a program into memory", [](const O&) { return execute_memory(); }, false, kSystemCalls},
    Escape{"make a process", [](const O&) { return fork_child(); }, true, kSystemCalls},
    Escape{"make a process by vfork's flags",
           [](const O&) {
             const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
             if (child == 0) ::_exit(0);
             return outcome(child);
           },
           true, kSystemCalls},
    Escape{"run code that it wrote", [](const O&) { return run_written_code(); }, true, kSystemCalls},
    Escape{"map writable code", [](const O&) { return map_code(); }, true, kSystemCalls},
    Escape{"make all memory code", [](const O&) { return outcome(::personality(READ_IMPLIES_EXEC)); }, true,
           kSystemCalls},
    // The kernel's wide corners.
    Escape{"set up an io_uring", set_up_ring, false, kSystemCalls},
    Escape{"load BPF",
           [](const O&) {
             std::array<std::uint64_t, 16> attributes{};
             return outcome(::syscall(SYS_bpf, 0, attributes.data(), sizeof attributes));
           },
           false, kSystemCalls},
    Escape{"count events", count_events, false, kSystemCalls},
    Escape{"handle page faults", [](const O&) { return outcome(::syscall(SYS_userfaultfd, 1 /* user mode only */)); },
           false, kSystemCalls},
    Escape{"add a key", [](const O&) { return outcome(::syscall(SYS_add_key, "user", "tobari", "x", 1UL, -2L)); }, true,
           kSystemCalls},
    Escape{"make name spaces", [](const O&) { return outcome(::unshare(CLONE_NEWUSER)); }, true, kSystemCalls},
    Escape{"become root", [](const O&) { return outcome(::setuid(0)); }, false, kAll},
    Escape{"let others trace it", [](const O&) { return outcome(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }, true,
           kSystemCalls},
    Escape{"add a second filter", [](const O&) { return outcome(::prctl(PR_SET_SECCOMP, 2, nullptr)); }, false,
           kSystemCalls},
    Escape{"push a key into the terminal",
           [](const O&) {
             const char key = 'x';
             return outcome(::ioctl(0, TIOCSTI, &key));
           },
           false, kSystemCalls},
    Escape{"hold a lease on a file", [](const O&) { return outcome(::fcntl(0, F_SETLEASE, F_RDLCK)); }, false,
           kSystemCalls},
    Escape{"load a TCP helper of the kernel",
           [](const O&) { return outcome(::setsockopt(0, IPPROTO_TCP, 31 /* TCP_ULP */, "tls", 3)); }, false,
           kSystemCalls},
};

}  // namespace

std::span<const Escape> escapes() { return kEscapes; }

}  // namespace tobari::display::testing
