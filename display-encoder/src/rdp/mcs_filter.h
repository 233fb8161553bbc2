// SPDX-License-Identifier: GPL-3.0-or-later
// Looks at a client's first MCS packets before FreeRDP does.
//
// A client names the static channels that it would like in its MCS Connect Initial (MS-RDPBCGR 2.2.1.3.4,
// TS_UD_CS_NET), and FreeRDP lets it join every one of them. So that a channel which nobody granted cannot even be
// opened by mistake, its name is overwritten: drdynvc, which carries the picture, keeps its own, and what was granted.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::display {

inline constexpr std::size_t kMaxStaticChannels = 31;  // MS-RDPBCGR 2.2.1.3.4

// `packet` is one whole TPKT with an MCS Connect Initial in it; names are overwritten in place, but for the first of
// each name that is `kept` (lower case; clients may write it otherwise). Returns the names that
// the client asked for, in order, non-printable characters as '?'. kPeerProtocol: not a Connect Initial, or malformed.
[[nodiscard]] Result<std::vector<std::string>> deny_static_channels(std::span<std::byte> packet,
                                                                    std::span<const std::string_view> kept);

// rdesktop 1.9 sends an MCS Erect Domain Request whose integers have no length octet; FreeRDP refuses it. Rewrites
// exactly that packet to what it means; every other packet stays.
void repair_erect_domain(std::span<std::byte> packet) noexcept;

}  // namespace tobari::display
