// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// A connected pair of stream sockets that, to SO_PEERCRED, `user` has made. QEMU's D-Bus server asks who is at the
// other end in that way, and lets in a client only when it claims to be just that user: a socket made by root, as
// libvirt's own virDomainOpenGraphicsFD makes it, is of no use to a process that runs as somebody else.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> socket_pair_of(std::optional<std::uint32_t> user);

}  // namespace tobari::vmhost
