// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures as a film that any player plays (H.264 in whatever the file's ending names: .mkv, .mp4), or one of them as a
// PNG. FFmpeg does it. Not thread safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include <tobari/base/result.h>

#include "playback/gfx_screen.h"

namespace tobari::display::playback {

class VideoWriter {
 public:
  enum class Quality : std::uint8_t {
    kFilm,      // what every player takes: 4:2:0, hardly to be told from what was recorded
    kLossless,  // every pixel, RGB: fewer players
  };
  // `size`: of the film; pictures of other sizes are cut, or have black around them. `per_second`: how finely time is
  // told; pictures need not come so often. kInvalidArgument: no such kind of file; kIo.
  [[nodiscard]] static Result<VideoWriter> create(const std::filesystem::path& file, Size size, int per_second,
                                                  Quality quality);
  VideoWriter(VideoWriter&&) noexcept;
  VideoWriter& operator=(VideoWriter&&) noexcept;
  ~VideoWriter();

  // To be seen from this moment on, in parts of a second as said above; later than the one before.
  [[nodiscard]] Result<void> write(const Canvas& picture, std::int64_t moment);
  [[nodiscard]] Result<void> finish();

 private:
  class Impl;
  explicit VideoWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Result<void> write_png(const std::filesystem::path& file, const Canvas& picture);

}  // namespace tobari::display::playback
