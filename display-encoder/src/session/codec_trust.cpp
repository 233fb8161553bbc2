// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/codec_trust.h"

namespace tobari::display {

ClientCodecs CodecTrust::trusted(ClientCodecs offered) const noexcept {
  offered.avc420 = offered.avc420 && !avc_.lost;
  offered.progressive = offered.progressive && !progressive_.lost;
  offered.clear = offered.clear && !clear_.lost;
  return offered;
}

void CodecTrust::sent(const EncodedFrame& frame, Time now) {
  bool avc = false;
  for (const EncodedRect& rect : frame.rects) {
    avc = avc || rect.codec == Codec::kAvc420;
    progressive_.used = progressive_.used || rect.codec == Codec::kProgressive;
    clear_.used = clear_.used || rect.codec == Codec::kClear;
  }
  if (!avc) return;
  avc_.used = avc_since_repaint_ = true;
  if (silent_frames_++ == 0) silent_since_ = now;
}

CodecTrust::Loss CodecTrust::channel_closed() noexcept {
  if (avc_.used && !avc_.lost) return lose(avc_, "avc420");
  if (progressive_.used && !progressive_.lost) return lose(progressive_, "progressive");
  if (clear_.used && !clear_.lost) return lose(clear_, "clear");
  return std::nullopt;
}

CodecTrust::Loss CodecTrust::answered(Time now) noexcept {
  if (!acknowledges_ || avc_.lost || silent_frames_ < kSilentFrames || now - silent_since_ < kSilence) {
    return std::nullopt;
  }
  return lose(avc_, "avc420");
}

CodecTrust::Loss CodecTrust::repaint_asked(Time now) noexcept {
  if (avc_.lost || !avc_since_repaint_) return std::nullopt;
  avc_since_repaint_ = false;
  if (repaints_ == 0 || now - first_repaint_ > kRepaintWindow) {
    repaints_ = 0;
    first_repaint_ = now;
  }
  if (++repaints_ < kRepaints) return std::nullopt;
  return lose(avc_, "avc420");
}

CodecTrust::Loss CodecTrust::lose(Use& use, std::string_view name) noexcept {
  use.lost = true;
  silent_frames_ = 0;
  repaints_ = 0;
  avc_since_repaint_ = false;
  return name;
}

}  // namespace tobari::display
