// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/base/unique_fd.h>

#include <unistd.h>

namespace tobari {

void UniqueFd::reset(int fd) noexcept {
  // Not repeated on EINTR: on Linux the descriptor is gone either way.
  if (fd_ >= 0 && fd_ != fd) ::close(fd_);
  fd_ = fd;
}

}  // namespace tobari
