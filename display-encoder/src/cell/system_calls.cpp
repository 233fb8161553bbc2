// SPDX-License-Identifier: GPL-3.0-or-later
#include "cell/system_calls.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <set>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace tobari::display {
namespace {

// What a display process does all the time: talk over descriptors that it was given, wait, and have memory.
// Everything else is not there (ENOSYS), as on an older kernel: libraries have another way or do without, and an update
// of one does not end sessions. glibc makes threads by clone then, whose flags a filter can see; abort() ends by a
// trap. uname tells the name that name_spaces.cpp gave. clock_gettime is a call only on hosts whose clock cannot be
// read without one.
constexpr std::array kFree{
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(fstat),
    SCMP_SYS(eventfd2),
    SCMP_SYS(futex),
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getegid),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rseq),
    SCMP_SYS(uname),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// The kernel takes 32 bits of these arguments; what a compiler leaves in the upper half is not looked at.
constexpr scmp_datum_t kWord = 0xffff'ffff;
constexpr scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, kWord, value};
}
constexpr scmp_arg_cmp without(unsigned argument, scmp_datum_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, 0}; }
constexpr scmp_arg_cmp with(unsigned argument, scmp_datum_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, bits}; }

// Only with these arguments; several entries of one call are alternatives.
struct Limited {
  int call;
  std::vector<scmp_arg_cmp> arguments;
};

std::vector<Limited> limited() {
  std::vector<Limited> calls{
      {SCMP_SYS(mmap), {without(2, PROT_EXEC)}},
      {SCMP_SYS(mprotect), {without(2, PROT_EXEC)}},
      {SCMP_SYS(clone), {with(0, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)}},
      {SCMP_SYS(socketpair), {equals(0, AF_UNIX)}},
      {SCMP_SYS(setsockopt), {equals(1, SOL_SOCKET)}},
  };
  for (const int request : {TIOCOUTQ, FIONBIO, FIONREAD}) {
    calls.push_back({SCMP_SYS(ioctl), {equals(1, static_cast<scmp_datum_t>(request))}});
  }
  for (const int command : {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_GET_SEALS}) {
    calls.push_back({SCMP_SYS(fcntl), {equals(1, static_cast<scmp_datum_t>(command))}});
  }
  for (const int option :
       {TCP_NODELAY, TCP_USER_TIMEOUT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_NOTSENT_LOWAT}) {
    calls.push_back({SCMP_SYS(setsockopt), {equals(1, IPPROTO_TCP), equals(2, static_cast<scmp_datum_t>(option))}});
  }
  return calls;
}

// What no library tries: whoever does has taken the process over, and gets no second try.
constexpr std::array kDeadly{
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(mount),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(chroot),
    SCMP_SYS(bpf),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(add_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(setuid),
    SCMP_SYS(seccomp),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(open_by_handle_at),
};

class Filter {
 public:
  Filter() : filter_(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &::seccomp_release) {}

  void add(std::uint32_t action, int call, const std::vector<scmp_arg_cmp>& arguments = {}) {
    if (error_ != 0) return;
    error_ = filter_ ? ::seccomp_rule_add_array(filter_.get(), action, call, static_cast<unsigned>(arguments.size()),
                                                arguments.data())
                     : -ENOMEM;
    if (action == SCMP_ACT_ALLOW) allowed_.insert(call);
  }

  [[nodiscard]] Result<std::size_t> load() {
    if (error_ == 0) error_ = ::seccomp_load(filter_.get());
    if (error_ != 0) return fail_errno(-error_, "limit system calls");
    return allowed_.size();
  }

 private:
  std::unique_ptr<void, decltype(&::seccomp_release)> filter_;
  std::set<int> allowed_;
  int error_ = 0;
};

}  // namespace

Result<std::size_t> limit_system_calls() {
  Filter filter;
  for (const int call : kFree) filter.add(SCMP_ACT_ALLOW, call);
  for (const Limited& one : limited()) filter.add(SCMP_ACT_ALLOW, one.call, one.arguments);
  for (const int call : kDeadly) filter.add(SCMP_ACT_KILL_PROCESS, call);
  return filter.load();
}

}  // namespace tobari::display
