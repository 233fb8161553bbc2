// SPDX-License-Identifier: GPL-3.0-or-later
// The pointer, which a client draws by itself, drawn into a picture. Pure.
#pragma once

#include <optional>
#include <span>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>

#include "playback/gfx_screen.h"

namespace tobari::display::playback {

// Of an event (kPointerShape); none: the client's own arrow. kPeerProtocol: malformed.
[[nodiscard]] Result<std::optional<CursorShape>> parse_pointer(std::span<const std::byte> data);

void draw_pointer(const std::optional<CursorShape>& shape, Point at, Canvas& onto);

}  // namespace tobari::display::playback
