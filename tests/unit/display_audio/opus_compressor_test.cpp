// SPDX-License-Identifier: GPL-3.0-or-later
// What FreeRDP's decoder, which clients use, makes of our Opus.
#include "audio/opus_compressor.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
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

// A client's side.
class Decoder {
 public:
  Decoder() : context_(freerdp_dsp_context_new(FALSE)) {
    format_.wFormatTag = WAVE_FORMAT_OPUS;
    format_.nChannels = 2;
    format_.nSamplesPerSec = OpusCompressor::kRate;
    format_.nAvgBytesPerSec = OpusCompressor::kBitsPerSecond / 8;
    format_.nBlockAlign = 4;
    format_.wBitsPerSample = 16;
    EXPECT_TRUE(freerdp_dsp_supports_format(&format_, FALSE));
    EXPECT_TRUE(freerdp_dsp_context_reset(context_.get(), &format_, 0));
  }
  void hear(std::span<const std::byte> packet) {
    const std::unique_ptr<wStream, StreamFree> pcm(Stream_New(nullptr, 8192));
    EXPECT_TRUE(freerdp_dsp_decode(context_.get(), &format_, reinterpret_cast<const BYTE*>(packet.data()),
                                   packet.size(), pcm.get()));
    const auto* decoded = reinterpret_cast<const std::int16_t*>(Stream_Buffer(pcm.get()));
    heard.insert(heard.end(), decoded, decoded + Stream_GetPosition(pcm.get()) / 2);
  }
  std::vector<std::int16_t> heard;

 private:
  AUDIO_FORMAT format_{};
  std::unique_ptr<FREERDP_DSP_CONTEXT, DspFree> context_;
};

TEST(OpusCompressor, ClientsHearTheTone) {
  auto compressor = OpusCompressor::create();
  ASSERT_TRUE(compressor) << describe(compressor.error());
  Decoder client;
  std::size_t bytes = 0;
  constexpr std::size_t kFrames = 100;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const auto samples = tone(i * 960, 960, OpusCompressor::kRate);
    std::array<std::byte, OpusCompressor::kMaxPacket> packet{};
    const auto size = compressor->encode(samples, packet);
    ASSERT_TRUE(size);
    bytes += *size;
    client.hear(std::span(packet).first(*size));
  }
  EXPECT_LE(bytes, kFrames * OpusCompressor::kBitsPerSecond / 8 / 50 * 5 / 4);
  ASSERT_GE(client.heard.size(), (kFrames - 2) * OpusCompressor::kFrameSamples);
  const std::span settled = std::span(client.heard).subspan(OpusCompressor::kFrameSamples * 5, 48'000 * 2);
  EXPECT_GT(share_of_tone(settled, 0, 2, kToneHertz[0], OpusCompressor::kRate), 0.98);
  EXPECT_GT(share_of_tone(settled, 1, 2, kToneHertz[1], OpusCompressor::kRate), 0.98);
}

// A level that does not change, which is what a machine plays that holds its last sample.
TEST(OpusCompressor, SteadySoundIsNoShorterThanTheShortestPacket) {
  auto compressor = OpusCompressor::create();
  ASSERT_TRUE(compressor);
  const std::vector<std::int16_t> steady(OpusCompressor::kFrameSamples, 1000);
  Decoder client;
  std::size_t shortest = OpusCompressor::kMaxPacket;
  for (int i = 0; i < 50; ++i) {
    std::array<std::byte, OpusCompressor::kMaxPacket> packet{};
    const auto size = compressor->encode(steady, packet);
    ASSERT_TRUE(size);
    shortest = std::min(shortest, *size);
    client.hear(std::span(packet).first(*size));
  }
  EXPECT_EQ(shortest, OpusCompressor::kMinPacket) << "or this test has lost its case";
  EXPECT_EQ(client.heard.size(), 50 * OpusCompressor::kFrameSamples);
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
