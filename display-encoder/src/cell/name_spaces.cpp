// SPDX-License-Identifier: GPL-3.0-or-later
#include "cell/name_spaces.h"

#include <cerrno>
#include <fcntl.h>
#include <format>
#include <sched.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display {
namespace {

constexpr std::string_view kHostName = "display";

Result<void> write_file(const char* path, std::string_view text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(errno, std::format("write {}", path));
  }
  return {};
}

// The same user inside as outside, so that the hypervisor's D-Bus still sees who asks.
Result<void> keep_user(uid_t user, gid_t group) {
  TOBARI_TRY(write_file("/proc/self/setgroups", "deny"));
  TOBARI_TRY(write_file("/proc/self/uid_map", std::format("{} {} 1", user, user)));
  return write_file("/proc/self/gid_map", std::format("{} {} 1", group, group));
}

// An empty file system becomes the root, and the one that we came from is let go.
Result<void> leave_files() {
  constexpr const char* kAnywhere = "/proc";  // a folder that every root has
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail_errno(errno, "keep mounts apart");
  if (::mount("tmpfs", kAnywhere, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=1,mode=555") != 0) {
    return fail_errno(errno, "mount an empty file system");
  }
  if (::chdir(kAnywhere) != 0) return fail_errno(errno, "enter the empty file system");
  // The old root comes to lie on the new one and is taken away from it.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno(errno, "make the empty file system the root");
  if (::umount2(".", MNT_DETACH) != 0) return fail_errno(errno, "let the old root go");
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) !=
      0) {
    return fail_errno(errno, "close the empty file system");
  }
  return ::chdir("/") == 0 ? Result<void>{} : fail_errno(errno, "enter the empty root");
}

Result<void> drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return fail_errno(errno, "drop capabilities");
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return fail_errno(errno, "drop capabilities");
  }
  if (::syscall(SYS_capset, &header, none) != 0) return fail_errno(errno, "drop capabilities");
  return {};
}

}  // namespace

Result<void> enter_name_spaces() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0) {
    const int error = errno;
    if (error == EPERM || error == ENOSPC || error == EINVAL) {
      return fail(Errc::kUnavailable,
                  "user name spaces are not allowed here (kernel.unprivileged_userns_clone, "
                  "user.max_user_namespaces)");
    }
    return fail_errno(error, "make name spaces");
  }
  TOBARI_TRY(keep_user(user, group));
  if (::sethostname(kHostName.data(), kHostName.size()) != 0) return fail_errno(errno, "hide the host's name");
  TOBARI_TRY(leave_files());
  return drop_capabilities();
}

}  // namespace tobari::display
