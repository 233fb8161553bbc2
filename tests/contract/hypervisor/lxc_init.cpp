// SPDX-License-Identifier: GPL-3.0-or-later
// The first program of a test's container: says "hello" to who connects to descriptor 4, and ends on SIGTERM.
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/socket.h>

namespace {
volatile std::sig_atomic_t ended = 0;
void on_term(int /*signal*/) { ended = 1; }
}  // namespace

int main() {
  ::prctl(PR_SET_NAME, "tobari-lxc-init");
  struct sigaction action{};
  action.sa_handler = on_term;
  if (::sigaction(SIGTERM, &action, nullptr) != 0) return 1;
  constexpr int kPicturePort = 4;
  if (::fcntl(kPicturePort, F_GETFD) < 0) return 1;
  while (ended == 0) {
    pollfd waiting{kPicturePort, POLLIN, 0};
    if (::poll(&waiting, 1, -1) <= 0) continue;
    const int connection = ::accept(kPicturePort, nullptr, nullptr);
    if (connection < 0) continue;
    if (::send(connection, "hello", 5, MSG_NOSIGNAL) != 5) ::close(connection);
  }
  return 0;
}
