// SPDX-License-Identifier: GPL-3.0-or-later
// ClearCodec's RLEX subcodec: a palette of at most 127 colours, then runs, each of which may end in a "suite" of pixels
// whose palette indices count up by one (MS-RDPEGFX 2.2.4.1.1.3.1.1). Good at drawings and at text seen for the first
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "encode/byte_writer.h"
#include "encode/pixel_scan.h"

namespace tobari::display {

class ClearPalette {
 public:
  static constexpr std::size_t kMaxColours = 127;

  // Finds colours and runs. False: too many colours; then nothing else may be called.
  [[nodiscard]] bool analyse(const PixelView& view);

  // Of what analyse() saw last:
  [[nodiscard]] std::uint32_t commonest() const;
  [[nodiscard]] std::size_t colours() const noexcept { return count_; }
  [[nodiscard]] std::size_t runs() const noexcept { return runs_.size(); }
  void encode(Bytes& out) const;  // the subcodec's own bytes

 private:
  struct Run {
    std::uint32_t index;
    std::uint32_t length;
  };
  static constexpr std::size_t kSlots = 512;

  [[nodiscard]] bool look_up(std::uint32_t colour, std::uint32_t& index);
  [[nodiscard]] bool begin_run(std::uint32_t colour, std::size_t at);
  void end_run(std::size_t at);

  std::array<std::uint32_t, kMaxColours> colours_{};
  std::array<std::uint32_t, kMaxColours> pixels_{};  // of each colour
  std::array<std::uint8_t, kSlots> slots_{};         // index + 1; 0: empty
  std::size_t count_ = 0;
  std::vector<std::uint64_t> starts_;  // of find_runs()
  std::vector<Run> runs_;
  std::size_t begun_ = 0;  // where the last run begins, in pixels
};

}  // namespace tobari::display
