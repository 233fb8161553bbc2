// SPDX-License-Identifier: GPL-3.0-or-later
// H.264 4:2:0 by x264 (MS-RDPEGFX 2.2.4.4): for what moves. A stream covers one place on the surface, of which only the
// changed pixels are converted and shown; the rest of the stream's picture stays as it was. 27 MB for 1920x1080
// (measured), so it is made when needed and given back soon after (video_stream.h).
#pragma once

#include <memory>

#include <tobari/base/result.h>
#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>
#include <tobari/display/region.h>

namespace tobari::display {

// Where the chroma of `changed` reaches: rectangles with even sides, but at an odd edge of the surface.
[[nodiscard]] Region aligned_for_chroma(const Region& changed, Size surface);

class Avc420Encoder {
 public:
  // `place` begins at even coordinates. kUnavailable: x264 refuses the size.
  [[nodiscard]] static Result<std::unique_ptr<Avc420Encoder>> create(const Rect& place);
  virtual ~Avc420Encoder() = default;

  // Encodes the picture as it is inside `changed` (made by aligned_for_chroma(), inside the place). Rectangles count
  // from the surface's origin, here and in what is returned.
  [[nodiscard]] virtual Result<EncodedRect> encode(const FrameView& picture, const Region& changed) = 0;

  // What the line carries; frames become coarser rather than larger than their share of it. Cheap when it has hardly
  // changed.
  virtual void set_line_rate(std::size_t bytes_per_second) = 0;
};

}  // namespace tobari::display
