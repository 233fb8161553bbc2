// SPDX-License-Identifier: GPL-3.0-or-later
// A picture as commands that need nothing but themselves: solid fills and planar bitmaps, without loss. No codec with a
// memory is among them, so that the commands of the client's stream that follow find every decoder as they want it.
#pragma once

#include <functional>

#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>

namespace tobari::display {

// Some hundred kilobytes in each frame, so that none is too large for whatever carries it.
inline constexpr std::size_t kWholeFrameBytes = std::size_t{512} * 1024;
void encode_whole(const FrameView& picture, const std::function<void(const EncodedFrame&)>& take);

}  // namespace tobari::display
