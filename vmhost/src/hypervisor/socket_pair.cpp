// SPDX-License-Identifier: GPL-3.0-or-later
#include "socket_pair.h"

#include <cerrno>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/syscall.h>

#include <tobari/base/invariant.h>

namespace tobari::vmhost {
namespace {

// This thread's effective user only: the C library's function would change all threads'.
long set_effective_user(uid_t user) { return ::syscall(SYS_setresuid, -1, user, -1); }

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> socket_pair_of(std::optional<std::uint32_t> user) {
  const uid_t self = ::geteuid();
  const bool switched = user && *user != self;
  if (switched && set_effective_user(*user) != 0) return fail_errno(errno, "become the display's user");
  int ends[2] = {-1, -1};
  const int made = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  const int error = errno;
  TOBARI_INVARIANT(!switched || set_effective_user(self) == 0);
  if (made != 0) return fail_errno(error, "make a socket pair");
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace tobari::vmhost
