// SPDX-License-Identifier: GPL-3.0-or-later
// PacketFilter in the kernel's nftables, tables "bridge tobari" and "inet tobari" of this network namespace, through
// libnftables. Needs CAP_NET_ADMIN and Linux 6.3.
#pragma once

#include <memory>

#include "network/packet_filter.h"

namespace tobari::vmhost {

[[nodiscard]] std::unique_ptr<PacketFilter> make_nft_packet_filter();

}  // namespace tobari::vmhost
