// SPDX-License-Identifier: GPL-3.0-or-later
// A small picture of a desktop (tobari/base/thumbnail.h): at most kMaxThumbnailSide a side and kMaxThumbnailBytes.
#pragma once

#include <cstddef>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>

namespace tobari::display {

// `picture` may change while it is read. Quality, then size, give way until it fits. kExhausted: no memory.
[[nodiscard]] Result<std::vector<std::byte>> make_thumbnail(const FrameView& picture);

}  // namespace tobari::display
