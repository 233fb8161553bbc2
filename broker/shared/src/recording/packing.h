// SPDX-License-Identifier: GPL-3.0-or-later
// A chunk's content on its way to and from the file: packed (zstd, or as it is), then encrypted. Private.
#pragma once

#include <tobari/recording/format.h>
#include <tobari/recording/keys.h>

namespace tobari::recording {

// In front: how (1 byte) and the content's size (4). At most kMaxContent.
[[nodiscard]] Bytes pack(View content);
// kPeerProtocol: not what it says, or larger than kMaxContent.
[[nodiscard]] Result<Bytes> unpack(View packed);

// `head`: the chunk's head as it is in the file, authenticated as well. Each number is used once with a key.
[[nodiscard]] Bytes encrypt(View plain, View head, std::uint64_t number, const Secret& key);
// kPeerProtocol: changed.
[[nodiscard]] Result<Bytes> decrypt(View body, View head, std::uint64_t number, const Secret& key);

}  // namespace tobari::recording
