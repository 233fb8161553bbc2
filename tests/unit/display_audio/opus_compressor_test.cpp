// SPDX-License-Identifier: GPL-3.0-or-later
// What FreeRDP's decoder, which clients use, makes of our Opus.
#include "audio/opus_compressor.h"

#include <array>
#include <memory>
#include <vector>

#include <freerdp/codec/audio.h>
#include <freerdp/codec/dsp.h>
#include <gtest/gtest.h>
#include <winpr/stream.h>

#include "capture/tone_source.h"
#include "support/pitch.h"

namespace tobari::display {
namespace {

using testing::share_of_tone;

struct DspFree {
  void operator()(FREERDP_DSP_CONTEXT* c) const noexcept { freerdp_dsp_context_free(c); }
};
struct StreamFree {
  void operator()(wStream* s) const noexcept { Stream_Free(s, TRUE); }
};

TEST(OpusCompressor, ClientsHearTheTone) {
  AUDIO_FORMAT format{};
  format.wFormatTag = WAVE_FORMAT_OPUS;
  format.nChannels = 2;
  format.nSamplesPerSec = OpusCompressor::kRate;
  format.nAvgBytesPerSec = OpusCompressor::kBitsPerSecond / 8;
  format.nBlockAlign = 4;
  format.wBitsPerSample = 16;
  ASSERT_TRUE(freerdp_dsp_supports_format(&format, FALSE));
  const std::unique_ptr<FREERDP_DSP_CONTEXT, DspFree> decoder(freerdp_dsp_context_new(FALSE));
  ASSERT_TRUE(freerdp_dsp_context_reset(decoder.get(), &format, 0));

  auto compressor = OpusCompressor::create();
  ASSERT_TRUE(compressor) << describe(compressor.error());
  std::vector<std::int16_t> heard;
  std::size_t bytes = 0;
  constexpr std::size_t kFrames = 100;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const auto samples = tone(i * 960, 960, OpusCompressor::kRate);
    std::array<std::byte, OpusCompressor::kMaxPacket> packet{};
    const auto size = compressor->encode(samples, packet);
    ASSERT_TRUE(size);
    bytes += *size;
    const std::unique_ptr<wStream, StreamFree> pcm(Stream_New(nullptr, 8192));
    ASSERT_TRUE(
        freerdp_dsp_decode(decoder.get(), &format, reinterpret_cast<const BYTE*>(packet.data()), *size, pcm.get()));
    const auto* decoded = reinterpret_cast<const std::int16_t*>(Stream_Buffer(pcm.get()));
    heard.insert(heard.end(), decoded, decoded + Stream_GetPosition(pcm.get()) / 2);
  }
  EXPECT_LE(bytes, kFrames * OpusCompressor::kBitsPerSecond / 8 / 50 * 5 / 4);
  ASSERT_GE(heard.size(), (kFrames - 2) * OpusCompressor::kFrameSamples);
  const std::span settled = std::span(heard).subspan(OpusCompressor::kFrameSamples * 5, 48'000 * 2);
  EXPECT_GT(share_of_tone(settled, 0, 2, kToneHertz[0], OpusCompressor::kRate), 0.98);
  EXPECT_GT(share_of_tone(settled, 1, 2, kToneHertz[1], OpusCompressor::kRate), 0.98);
}

TEST(OpusCompressor, TakesWholeFramesOnly) {
  auto compressor = OpusCompressor::create();
  ASSERT_TRUE(compressor);
  std::array<std::byte, OpusCompressor::kMaxPacket> packet{};
  for (const std::size_t samples : {0U, 2U, 1918U, 1922U}) {
    EXPECT_FALSE(compressor->encode(std::vector<std::int16_t>(samples), packet)) << samples;
  }
}

}  // namespace
}  // namespace tobari::display
