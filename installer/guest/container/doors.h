// SPDX-License-Identifier: GPL-3.0-or-later
// System calls that a desktop's programs do without, and that have been ways into kernels: a container's kernel is its
// host's. x86-64 only; programs for other machines find no system calls at all.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <sched.h>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace tobari::guest {

// As if the kernel were an older one: the C library has another way.
inline constexpr std::array kAbsentCalls{SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};
inline constexpr std::array kDeniedCalls{
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_open_by_handle_at,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_setns,
    SYS_chroot,
    SYS_swapon,
    SYS_swapoff,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_kexec_file_load,
    SYS_quotactl,
    SYS_acct,
    SYS_iopl,
    SYS_ioperm,
};

class Doors {
 public:
  Doors() {
    constexpr unsigned kX32 = 0x40000000;  // another table of calls, by the same numbers
    load(offsetof(seccomp_data, arch));
    jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
    answer(ENOSYS);
    load(offsetof(seccomp_data, nr));
    jump(BPF_JSET, kX32, 0, 1);
    answer(ENOSYS);
    for (const long call : kAbsentCalls) refuse(call, ENOSYS);
    for (const long call : kDeniedCalls) refuse(call, EPERM);
    // A user name space of one's own opens most of what is closed above, and what is not.
    for (const long call : {SYS_clone, SYS_unshare}) {
      jump(BPF_JEQ, static_cast<unsigned>(call), 0, 4);
      load(offsetof(seccomp_data, args));  // its lower half: where the flags are
      jump(BPF_JSET, CLONE_NEWUSER, 0, 1);
      answer(EPERM);
      program_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    program_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }

  // From here on, for this process and all that it starts.
  [[nodiscard]] bool close() {
    sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  void load(std::size_t offset) {
    program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)));
  }
  void jump(unsigned how, unsigned value, unsigned char when, unsigned char otherwise) {
    program_.push_back(BPF_JUMP(static_cast<unsigned short>(BPF_JMP | BPF_K | how), value, when, otherwise));
  }
  void answer(unsigned error) {
    program_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)));
  }
  void refuse(long call, unsigned error) {
    jump(BPF_JEQ, static_cast<unsigned>(call), 0, 1);
    answer(error);
  }

  std::vector<sock_filter> program_;
};

}  // namespace tobari::guest
