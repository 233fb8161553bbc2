// SPDX-License-Identifier: GPL-3.0-or-later
// Opus (RFC 6716): sound for lines on which PCM would take the pictures' place, at a sixteenth of its size.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <tobari/base/result.h>

struct OpusEncoder;

namespace tobari::display {

class OpusCompressor {
 public:
  static constexpr unsigned kRate = 48'000;
  static constexpr std::chrono::milliseconds kFrame{20};
  static constexpr std::size_t kFrameSamples = std::size_t{kRate} / 1000 * 20 * 2;  // both channels
  static constexpr unsigned kBitsPerSecond = 96'000;
  static constexpr std::size_t kMaxPacket = 1275;  // RFC 6716 3.4
  // Steady sound becomes packets of three bytes; they are padded (RFC 6716 3.2.5), because the first of the two
  // messages that older clients get takes four (MS-RDPEA 2.2.3.3).
  static constexpr std::size_t kMinPacket = 4;

  [[nodiscard]] static Result<OpusCompressor> create();

  // One frame of kFrameSamples; the packet is written to `out`. Its size: kMinPacket to kMaxPacket.
  [[nodiscard]] Result<std::size_t> encode(std::span<const std::int16_t> frame, std::span<std::byte, kMaxPacket> out);

 private:
  struct Free {
    void operator()(::OpusEncoder* encoder) const noexcept;
  };
  explicit OpusCompressor(::OpusEncoder* encoder) noexcept : encoder_(encoder) {}
  std::unique_ptr<::OpusEncoder, Free> encoder_;
};

}  // namespace tobari::display
