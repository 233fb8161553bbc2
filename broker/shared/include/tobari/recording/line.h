// SPDX-License-Identifier: GPL-3.0-or-later
// How a display process hands a recording to the host that has the files: a stream socket, inherited by message. There,
// the recording's bytes in order. Back, numbers of 8 bytes, little-endian: how many of those bytes are on the disk now,
// never fewer than before. The header is answered once the audit knows of the recording; the trailer once it knows of
// its end. kHostFailed instead: it could not be written, and nothing more is.
//
// When the host's agent is started again, a new socket takes the place of the one that broke. On that the host speaks
// first: how many bytes are on its disk; what comes behind them is sent again.
#pragma once

#include <cstdint>

namespace tobari::recording {

inline constexpr std::uint64_t kHostFailed = ~std::uint64_t{0};

}  // namespace tobari::recording
