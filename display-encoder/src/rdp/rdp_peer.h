// SPDX-License-Identifier: GPL-3.0-or-later
// One RDP client. The thread of run() owns FreeRDP's peer from its making to its end and is the only one to touch it
// (two threads in one peer race inside FreeRDP); the public calls leave notes.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include <freerdp/freerdp.h>
#include <freerdp/peer.h>

#include <tobari/base/clock.h>
#include <tobari/base/unique_fd.h>

#include "rdp/audio_channel.h"
#include "rdp/client_table.h"
#include "rdp/clipboard_channel.h"
#include "rdp/graphics_channel.h"
#include "rdp/handshake_guard.h"
#include "rdp/input_map.h"
#include "rdp/legacy_output.h"
#include "rdp/output_queue.h"
#include "rdp/peer_notes.h"
#include "rdp/pointer_output.h"
#include "rdp/rdp_transport.h"

namespace tobari::display {

// Flags of a piece of a static channel (MS-RDPBCGR 2.2.6.1.1).
inline constexpr std::uint32_t kPieceFirst = 0x1, kPieceLast = 0x2, kCompressed = 0x0020'0000;

class RdpPeer final : public DisplayTransport,
                      private ClipboardEnd,
                      private DvcOutput,
                      private GraphicsEvents,
                      private AudioChannelEvents {
 public:
  RdpPeer(UniqueFd connection, const TlsIdentity& identity, Admission& admission, RdpOptions options);
  ~RdpPeer() override;

  [[nodiscard]] Result<void> start(TransportEvents& events, InputSink& input) override;
  void set_layout(const OutputLayout& layout) override { notes_.add(LayoutNote{layout}); }
  void send(FrameId id, std::size_t surface, EncodedFrame frame) override {
    notes_.add(FrameNote{id, surface, std::move(frame)});
  }
  void set_cursor(const std::optional<CursorShape>& shape) override { notes_.add(CursorNote{shape}); }
  void set_cursor_visible(bool visible) override { notes_.add(CursorVisibleNote{visible}); }
  void play(const AudioBlock& block) override {
    if (audio_wanted_) notes_.add_audio(block);
  }
  void open_clipboard() override { notes_.add_clipboard(OpenClipboardNote{true}); }
  void close_clipboard() override { notes_.add_clipboard(OpenClipboardNote{false}); }
  [[nodiscard]] ClipboardEnd& clipboard() noexcept override { return *this; }
  void narrow(const policy::Grant& grant) override { notes_.add(NarrowNote{grant}); }
  [[nodiscard]] std::size_t unsent() const noexcept override;
  void close(CloseReason reason) noexcept override { notes_.close(reason); }
  void stop() noexcept override;

 private:
  [[nodiscard]] std::size_t queued() const noexcept;  // not given to the kernel yet
  friend struct PeerCallbacks;                        // FreeRDP's C callbacks (peer_callbacks.cpp)

  // ---- ClipboardEnd, any thread
  void offer(policy::FormatSet formats) override { notes_.add_clipboard(OfferNote{formats}); }
  void ask(TransferId id, policy::Format format, std::size_t most) override {
    notes_.add_clipboard(AskNote{id, format, most});
  }
  void answer(TransferId id, std::optional<ClipboardContent> content) override {
    notes_.add_clipboard(AnswerNote{id, std::move(content)});
  }

  // ---- the connection's life, on its thread
  void run();
  [[nodiscard]] Result<void> serve();
  [[nodiscard]] Result<void> open_peer();
  [[nodiscard]] Result<void> loop();
  [[nodiscard]] Result<void> wait();    // until there is something to do
  [[nodiscard]] Result<void> broken();  // why FreeRDP gave up
  void carry_out(PeerNote& note);
  void carry_out_notes();
  void carry_out(ClipboardNote& note);
  void send_clipboard();
  void narrow_to(const policy::Grant& grant);
  void tell_what_left();
  [[nodiscard]] bool autodetects() noexcept;
  void measure_round_trip();
  void say_goodbye(std::uint32_t error_info);
  void linger() noexcept;
  void close_peer() noexcept;

  // ---- what FreeRDP reports; false ends the connection
  [[nodiscard]] bool on_capabilities();
  [[nodiscard]] bool on_activate();
  [[nodiscard]] bool on_channel_data(std::uint16_t channel, std::span<const std::byte> data, std::uint32_t flags,
                                     std::size_t total);
  [[nodiscard]] int on_read(rdpTransport* transport, wStream* pdu);
  void on_round_trip_answer();
  [[nodiscard]] bool refuse(Error reason, std::uint32_t error_info);
  void become_ready(const ClientPipeline& pipeline);
  void start_graphics();
  [[nodiscard]] ClientClaims claims();
  void resize_legacy(Size size);
  void blacken_legacy();
  void report_audio() noexcept;

  // ---- DvcOutput, GraphicsEvents, AudioChannelEvents
  void send_dvc(std::span<const std::byte> pdu) override;
  void on_graphics_ready(const ClientCodecs& codecs) override;
  void on_graphics_refused() override;
  void on_graphics_closed() override;
  void on_graphics_ack(FrameId id) override {
    client_acknowledges_ = true;
    events_->on_frame_ack(id);
  }
  void on_graphics_acks_suspended() override {
    client_acknowledges_ = false;
    events_->on_acks_suspended();
  }
  void on_layout(const MonitorLayout& layout) override { events_->on_layout_wish(layout); }
  void on_absurd_layout(const std::string& why) override;
  void on_audio_wanted(bool wanted) override;

  [[nodiscard]] rdpContext* context() noexcept { return peer_->context; }
  [[nodiscard]] rdpTransport* transport() noexcept { return freerdp_get_transport(peer_->context); }
  [[nodiscard]] Size desktop() noexcept;  // as FreeRDP has it
  [[nodiscard]] Size surface_size() noexcept {
    return layout_.monitors.empty() ? desktop() : layout_.monitors.size();
  }  // what the client shows

  struct PeerFree {
    void operator()(freerdp_peer* p) const noexcept;
  };

  UniqueFd connection_;  // until FreeRDP takes it
  UniqueFd socket_;      // our own hold on the same socket: to poll, to ask, to shut down
  const TlsIdentity& identity_;
  Admission& admission_;
  RdpOptions options_;
  TransportEvents* events_ = nullptr;
  InputSink* input_ = nullptr;

  PeerNotes notes_;
  std::unique_ptr<HandshakeGuard> guard_;
  std::unique_ptr<freerdp_peer, PeerFree> peer_;
  std::unique_ptr<OutputQueue> output_;
  std::atomic<std::size_t> queued_ = 0;  // output_'s size, for other threads
  SystemClock clock_;
  bool resizes_ = false;                       // by the grant
  std::optional<ClipboardChannel> clipboard_;  // only with the grant, for a client that has the channel
  std::optional<AudioChannel> audio_;          // only with the grant, for a client that says that it plays sound
  std::atomic<bool> audio_wanted_ = false;
  std::optional<GraphicsChannel> graphics_;
  LegacyOutput legacy_;
  PointerOutput pointer_;
  InputMap input_map_;

  pTransportRWFkt read_ = nullptr;  // FreeRDP's own
  bool authenticated_ = false;
  bool may_use_clipboard_ = false;
  bool active_ = false;  // between activation and deactivation
  std::atomic<bool> ready_ = false;
  std::uint16_t drdynvc_ = 0;
  std::uint16_t cliprdr_ = 0;  // 0: the client has no such channel, or was not granted it
  OutputLayout layout_;        // what the client is to show
  bool absurd_layout_told_ = false;
  bool drained_told_ = true;
  std::optional<FrameId> leaving_;  // the last frame that is not known to have left
  std::optional<Error> reason_;     // why we end it ourselves
  // Who does not acknowledge frames (yet) is asked for an answer behind them (autodetect), which comes when they are
  // shown.
  bool client_acknowledges_ = false;
  std::optional<FrameId> last_frame_;
  std::optional<FrameId> asked_behind_;
  std::optional<Clock::Steady> round_trip_asked_;
  Clock::Steady round_trip_done_{};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace tobari::display
