// SPDX-License-Identifier: GPL-3.0-or-later
// Where video plays: large connected areas of cells that move and are no drawing.
#pragma once

#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/geometry.h>

#include "encode/motion_map.h"

namespace tobari::display {

// Smaller areas are cheaper without loss than as video.
inline constexpr int kMinVideoCells = 6;

// Rectangles of whole cells; they may overlap.
[[nodiscard]] std::vector<Rect> video_areas(const MotionMap& motion, const FrameView& picture, MotionMap::Time now);

}  // namespace tobari::display
