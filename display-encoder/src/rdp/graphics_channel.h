// SPDX-License-Identifier: GPL-3.0-or-later
// The graphics pipeline and the display control channel over dynamic channels: what is said when. No I/O and no thread;
// the peer's thread calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/display_transport.h>

#include "rdp/audio_channel.h"
#include "rdp/dvc.h"
#include "rdp/gfx_pdu.h"
#include "rdp/zgfx.h"

namespace tobari::display {

class GraphicsEvents {
 public:
  virtual void on_graphics_ready(const ClientCodecs& codecs) = 0;  // also when the client starts its side anew
  virtual void on_graphics_refused() = 0;                          // no pipeline after all
  virtual void on_graphics_closed() = 0;                           // by the client, which had one: reopen() or not
  virtual void on_graphics_ack(FrameId id) = 0;
  virtual void on_graphics_acks_suspended() = 0;
  virtual void on_layout(const MonitorLayout& layout) = 0;
  virtual void on_absurd_layout(const std::string& why) = 0;  // it is ignored

 protected:
  ~GraphicsEvents() = default;
};

class GraphicsChannel final : private DvcEvents, private AudioOutput {
 public:
  struct Options {
    bool resize = false;            // the display control channel is opened as well
    AudioChannel* audio = nullptr;  // that for sound, too; null: not granted
    std::size_t longest_pdu = DvcServer::kShortPdu;
  };
  GraphicsChannel(DvcOutput& output, GraphicsEvents& events, const Options& options)
      : dvc_(output, *this, options.longest_pdu), events_(events), resize_(options.resize), audio_(options.audio) {}

  void start() { dvc_.start(); }
  [[nodiscard]] Result<void> receive(std::span<const std::byte> piece, bool first, bool last) {
    return dvc_.receive(piece, first, last);
  }

  [[nodiscard]] bool ready() const noexcept { return ready_; }
  void reopen();        // a new channel for the pipeline; on_graphics_ready() or on_graphics_refused() follows
  void close_audio();   // it is not granted any more
  void close_resize();  // likewise
  void set_layout(const OutputLayout& layout);
  // Drops the frame when there is no such surface: the client is then about to get everything anew. Returns
  // the bytes that it became.
  std::size_t send(FrameId id, std::size_t surface, const EncodedFrame& frame);

 private:
  static constexpr std::uint32_t kDisplayControl = 1;
  static constexpr std::uint32_t kAudio = 2;
  static constexpr std::uint32_t kFirstPipeline = 3;  // and one more each time that it is opened again

  void on_dvc_ready() override;
  void on_dvc_open(std::uint32_t id, bool open) override;
  [[nodiscard]] Result<void> on_dvc_data(std::uint32_t id, std::span<const std::byte> message) override;
  [[nodiscard]] Result<void> on_message(const gfx::ClientMessage& message);
  [[nodiscard]] Result<void> on_caps(const gfx::CapsAdvertise& caps);
  void send_audio(std::span<const std::byte> message) override;
  std::size_t flush();  // what is in message_, in one write; its size

  DvcServer dvc_;
  GraphicsEvents& events_;
  bool resize_;
  AudioChannel* audio_;
  std::uint32_t pipeline_ = kFirstPipeline;  // the channel's id
  bool ready_ = false;
  std::size_t surfaces_ = 0;  // that the client has; their ids count from 0
  std::set<std::uint16_t> video_surfaces_;
  gfx::Bytes message_;
  gfx::Bytes wrapped_;
  SegmentedWriter segments_;
};

}  // namespace tobari::display
