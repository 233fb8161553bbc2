// SPDX-License-Identifier: GPL-3.0-or-later
// Display processes that the service manager starts (installer/systemd/tobari-display.socket): a connection each, which
// is the control socket. Whose process it became is said by the kernel with the first message that comes back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "supervisor/spawn.h"

namespace tobari::vmhost {

// kUnavailable: nobody listens there, or accepts no more.
[[nodiscard]] Result<UniqueFd> ask_for_display(const std::string& socket);

struct Sender {
  Child child;  // not ours to reap
  std::uint32_t uid = 0;
};
// Who sent the message that lies in the socket, which stays there. Nothing while none does.
[[nodiscard]] Result<std::optional<Sender>> sender_of_next(int socket);

}  // namespace tobari::vmhost
