// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/opus_compressor.h"

#include <opus/opus.h>

namespace tobari::display {
namespace {
constexpr int kChannels = 2;
constexpr int kComplexity = 5;  // of 10; beyond it the CPU doubles for what nobody hears at this rate
}  // namespace

void OpusCompressor::Free::operator()(::OpusEncoder* encoder) const noexcept { opus_encoder_destroy(encoder); }

Result<OpusCompressor> OpusCompressor::create() {
  int status = OPUS_OK;
  OpusCompressor made(opus_encoder_create(kRate, kChannels, OPUS_APPLICATION_AUDIO, &status));
  if (made.encoder_ == nullptr) return fail(Errc::kInternal, opus_strerror(status));
  opus_encoder_ctl(made.encoder_.get(), OPUS_SET_BITRATE(kBitsPerSecond));
  opus_encoder_ctl(made.encoder_.get(), OPUS_SET_COMPLEXITY(kComplexity));
  return made;
}

Result<std::size_t> OpusCompressor::encode(std::span<const std::int16_t> frame, std::span<std::byte, kMaxPacket> out) {
  if (frame.size() != kFrameSamples) return fail(Errc::kInvalidArgument, "not one frame of sound");
  auto* const packet = reinterpret_cast<unsigned char*>(out.data());
  const int size = opus_encode(encoder_.get(), frame.data(), static_cast<int>(kFrameSamples / kChannels), packet,
                               static_cast<opus_int32>(out.size()));
  if (size < 0) return fail(Errc::kInternal, opus_strerror(size));
  if (static_cast<std::size_t>(size) >= kMinPacket) return static_cast<std::size_t>(size);
  const int padded = opus_packet_pad(packet, size, static_cast<opus_int32>(kMinPacket));
  if (padded != OPUS_OK) return fail(Errc::kInternal, opus_strerror(padded));
  return kMinPacket;
}

}  // namespace tobari::display
