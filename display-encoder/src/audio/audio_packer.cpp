// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_packer.h"

#include <algorithm>

namespace tobari::display {
namespace {
// Sound cards' emulations dither; one step of 16 bit is nothing that anybody hears.
constexpr int kSilentLevel = 1;
constexpr std::size_t kMillisecondsPerSecond = 1000;
}  // namespace

void AudioPacker::add(const AudioBlock& block) {
  if (block.rate != rate_ || block.captured - captured_ > kStale) waiting_.clear();
  rate_ = block.rate;
  captured_ = block.captured;
  const auto samples = block.samples.first(std::min(block.samples.size(), kMaxAudioBlockFrames * kAudioChannels) /
                                           kAudioChannels * kAudioChannels);
  waiting_.insert(waiting_.end(), samples.begin(), samples.end());
}

std::optional<AudioPacket> AudioPacker::next() {
  for (;;) {
    const std::size_t samples =
        rate_ * static_cast<std::size_t>(length_.count()) / kMillisecondsPerSecond * kAudioChannels;
    if (samples == 0 || waiting_.size() < samples) return std::nullopt;
    silent_ = is_silence(samples) ? std::min(silent_ + length_, kHangover + length_) : std::chrono::milliseconds(0);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(samples);
    std::optional<AudioPacket> packet;
    if (silent_ <= kHangover) packet.emplace(std::vector(waiting_.begin(), end), rate_, captured_);
    waiting_.erase(waiting_.begin(), end);
    if (packet) return packet;
  }
}

void AudioPacker::clear() {
  waiting_.clear();
  silent_ = kHangover;
}

bool AudioPacker::is_silence(std::size_t samples) const noexcept {
  return std::all_of(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(samples),
                     [](std::int16_t s) { return s >= -kSilentLevel && s <= kSilentLevel; });
}

}  // namespace tobari::display
