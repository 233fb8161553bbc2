// SPDX-License-Identifier: GPL-3.0-or-later
#include "cell/landlock.h"

#include <cerrno>
#include <cstdint>
#include <unistd.h>

#include <linux/landlock.h>
#include <sys/syscall.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display {
namespace {

// The highest right of each ABI version; all below it exist as well.
std::uint64_t file_rights(int abi) {
  std::uint64_t highest = LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (abi >= 2) highest = LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) highest = LANDLOCK_ACCESS_FS_TRUNCATE;
  if (abi >= 5) highest = LANDLOCK_ACCESS_FS_IOCTL_DEV;
  return highest | (highest - 1);
}

}  // namespace

Result<int> deny_by_landlock() {
  const auto abi = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, LANDLOCK_CREATE_RULESET_VERSION));
  if (abi < 1) return fail_errno(errno, "ask for Landlock; the kernel needs it in its list of security modules (lsm=)");
  landlock_ruleset_attr denied{};
  denied.handled_access_fs = file_rights(abi);
  if (abi >= 4) denied.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
  if (abi >= 6) denied.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  const UniqueFd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &denied, sizeof denied, 0U)));
  if (!rules) return fail_errno(errno, "make Landlock rules");
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0U) != 0) return fail_errno(errno, "put Landlock rules on");
  return abi;
}

}  // namespace tobari::display
