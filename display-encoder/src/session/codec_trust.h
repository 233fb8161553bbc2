// SPDX-License-Identifier: GPL-3.0-or-later
// Clients promise codecs that they then cannot decode, and say so only by what they do: they close the graphics
// channel, never acknowledge what they got, or ask for the picture again and again. Then what was used loses trust one
// codec at a time, the most demanding first: AVC, progressive, ClearCodec; planar stays.
//
// Pure and not thread safe: the caller passes the time. It lives as long as the connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include <tobari/display/encoder.h>

namespace tobari::display {

class CodecTrust {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Silence: so many AVC frames for so long without one acknowledgement, while the client answers other things. Some
  // clients acknowledge a frame only when the next one comes, so one is no silence.
  static constexpr std::size_t kSilentFrames = 4;
  static constexpr std::chrono::seconds kSilence{3};
  // Repaints: so many within so long, each after new AVC frames. One is what a client does whose window was covered.
  static constexpr std::size_t kRepaints = 3;
  static constexpr std::chrono::seconds kRepaintWindow{10};

  // What of the codecs that a client offers may be used.
  [[nodiscard]] ClientCodecs trusted(ClientCodecs offered) const noexcept;

  void sent(const EncodedFrame& frame, Time now);
  void acknowledged() noexcept {
    silent_frames_ = 0;
    acknowledges_ = true;
  }
  void acks_suspended() noexcept { acknowledges_ = false; }  // until the next one

  // Evidence; the codec that lost trust, for the log. Encoders are then to be started anew with what is left.
  using Loss = std::optional<std::string_view>;
  [[nodiscard]] Loss channel_closed() noexcept;    // by the client; none: nothing is left to give up
  [[nodiscard]] Loss answered(Time now) noexcept;  // something other than an acknowledgement
  [[nodiscard]] Loss repaint_asked(Time now) noexcept;

 private:
  struct Use {
    bool used = false;
    bool lost = false;
  };
  [[nodiscard]] Loss lose(Use& use, std::string_view name) noexcept;

  Use avc_;
  Use progressive_;
  Use clear_;
  bool acknowledges_ = true;
  std::size_t silent_frames_ = 0;  // AVC, since the last acknowledgement
  Time silent_since_{};
  bool avc_since_repaint_ = false;
  std::size_t repaints_ = 0;
  Time first_repaint_{};
};

}  // namespace tobari::display
