// SPDX-License-Identifier: GPL-3.0-or-later
// What a display has done, as one plain value: pure, mergeable, and the difference of two is what happened between
// them. Counts only rise. Durations are microseconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <tobari/display/encoder.h>
#include <tobari/display/log_histogram.h>

namespace tobari::display {

struct CodecUse {
  Codec codec{};
  std::uint64_t commands = 0;
  std::uint64_t bytes = 0;   // of the codec's own data: before bulk compression and TLS
  std::uint64_t pixels = 0;  // of the areas that it was used for
};

struct DisplayStats {
  static constexpr std::size_t kMaxScreens = 16;

  std::uint64_t frames = 0;
  std::uint64_t frames_inexact = 0;  // of these: after which the client still lacked something, or had it with loss
  std::uint64_t frames_acknowledged = 0;
  std::chrono::milliseconds observed{0};  // how long a client was shown something
  std::vector<CodecUse> codecs;           // those that were used, in the order of their first use
  LogHistogram encode;                    // a frame's comparing, copying and encoding
  LogHistogram acknowledge;               // from a frame's handing over to its acknowledgement
  // One a screen, by its index: from the arrival of a key or button to when the frame with the first change of that
  // screen after it has left for the client. Presses that nothing answers within a second do not count.
  std::vector<LogHistogram> input;

  // ---- at the moment of asking; of a difference and of a sum, the later one's
  bool connected = false;
  std::uint64_t unsent_bytes = 0;  // given to the transport and still on this machine
  std::uint64_t unsent_peak_bytes = 0;
  std::uint32_t in_flight = 0;  // frames without an acknowledgement

  void add(Codec codec, std::uint64_t bytes, std::uint64_t pixels) {
    CodecUse& use = of(codec);
    ++use.commands;
    use.bytes += bytes;
    use.pixels += pixels;
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const CodecUse& use : codecs) sum += use.bytes;
    return sum;
  }
  [[nodiscard]] LogHistogram input_of_all() const noexcept {
    LogHistogram all;
    for (const LogHistogram& screen : input) all.merge(screen);
    return all;
  }

  // `later` happened after this.
  void merge(const DisplayStats& later);
  // What happened after `earlier`, an older state of this.
  [[nodiscard]] DisplayStats since(const DisplayStats& earlier) const;

 private:
  [[nodiscard]] CodecUse& of(Codec codec) {
    const auto at = std::ranges::find(codecs, codec, &CodecUse::codec);
    return at != codecs.end() ? *at : codecs.emplace_back(CodecUse{.codec = codec});
  }
};

inline void DisplayStats::merge(const DisplayStats& later) {
  frames += later.frames;
  frames_inexact += later.frames_inexact;
  frames_acknowledged += later.frames_acknowledged;
  observed += later.observed;
  for (const CodecUse& use : later.codecs) {
    CodecUse& sum = of(use.codec);
    sum.commands += use.commands;
    sum.bytes += use.bytes;
    sum.pixels += use.pixels;
  }
  encode.merge(later.encode);
  acknowledge.merge(later.acknowledge);
  input.resize(std::max(input.size(), later.input.size()));
  for (std::size_t i = 0; i < later.input.size(); ++i) input[i].merge(later.input[i]);
  connected = later.connected;
  unsent_bytes = later.unsent_bytes;
  unsent_peak_bytes = std::max(unsent_peak_bytes, later.unsent_peak_bytes);
  in_flight = later.in_flight;
}

inline DisplayStats DisplayStats::since(const DisplayStats& earlier) const {
  DisplayStats after = *this;
  after.frames -= std::min(frames, earlier.frames);
  after.frames_inexact -= std::min(frames_inexact, earlier.frames_inexact);
  after.frames_acknowledged -= std::min(frames_acknowledged, earlier.frames_acknowledged);
  after.observed -= std::min(observed, earlier.observed);
  for (const CodecUse& use : earlier.codecs) {
    CodecUse& left = after.of(use.codec);
    left.commands -= std::min(left.commands, use.commands);
    left.bytes -= std::min(left.bytes, use.bytes);
    left.pixels -= std::min(left.pixels, use.pixels);
  }
  after.encode = encode.since(earlier.encode);
  after.acknowledge = acknowledge.since(earlier.acknowledge);
  for (std::size_t i = 0; i < std::min(input.size(), earlier.input.size()); ++i) {
    after.input[i] = input[i].since(earlier.input[i]);
  }
  return after;
}

// For people and for the control channel.
[[nodiscard]] constexpr std::string_view name_of(Codec codec) noexcept {
  switch (codec) {
    case Codec::kUncompressed:
      return "raw";
    case Codec::kClear:
      return "clear";
    case Codec::kPlanar:
      return "planar";
    case Codec::kAvc420:
      return "avc420";
    case Codec::kSolid:
      return "solid";
    case Codec::kJpeg:
      return "jpeg";
    case Codec::kProgressive:
      return "progressive";
    case Codec::kVideoSurface:
      return "video_surface";
    case Codec::kCopy:
      return "copy";
    case Codec::kStore:
      return "store";
    case Codec::kRecall:
      return "recall";
  }
  return "other";
}

}  // namespace tobari::display
