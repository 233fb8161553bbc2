// SPDX-License-Identifier: GPL-3.0-or-later
// The video of one surface: one H.264 stream over the part of it where video plays, decoded by the client on an
// off-screen surface of that size and copied from there. A stream over the whole surface costs half as much again for a
// film of 1280x720 on 1920x1080, here and at the client. Where video covers most of the surface, or its place changes
// again and again, the stream covers the surface and is decoded there.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include <tobari/base/result.h>
#include <tobari/display/encoder.h>

#include "encode/avc420_encoder.h"

namespace tobari::display {

class VideoStream {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Without video for so long the encoder's memory is given back.
  static constexpr std::chrono::seconds kKept{5};
  // A place that becomes too small again within so long is given up for the whole surface.
  static constexpr std::chrono::seconds kStill{2};

  // A new surface at the client.
  void reset(Size surface);

  // The next picture begins a stream that needs nothing of this one.
  void start_anew() { encoder_.reset(); }

  // x264 takes this size; false once it did not.
  [[nodiscard]] bool possible() const noexcept { return !refused_; }

  void set_line_rate(std::optional<std::size_t> bytes_per_second) noexcept { line_rate_ = bytes_per_second; }

  // Appends the picture as it is inside `area`, which is made even first (aligned_for_chroma()) and returned so.
  // `playing`: a box around all video, `area` included. On an error nothing was appended, and the next call starts a
  // new stream. kUnavailable: not for this surface.
  [[nodiscard]] Result<Region> encode(const FrameView& picture, const Region& area, const Rect& playing, Time now,
                                      EncodedFrame& frame);

  // True: there is an encoder still.
  bool trim(Time now);

 private:
  [[nodiscard]] Result<void> open(const Rect& playing, Time now, EncodedFrame& frame);

  Size surface_;
  std::unique_ptr<Avc420Encoder> encoder_;
  Rect place_;               // of the stream, on the surface
  bool off_screen_ = false;  // the client has an off-screen surface of ours
  bool refused_ = false;
  Time opened_{};
  Time used_{};
  std::optional<std::size_t> line_rate_;
};

}  // namespace tobari::display
