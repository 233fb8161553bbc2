// SPDX-License-Identifier: GPL-3.0-or-later
// One client of a DisplaySession: its transport and what it has told so far.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "session/codec_trust.h"
#include "session/display_session.h"
#include "watermark/screen_mark.h"

namespace tobari::display {

class DisplaySession::Connection final : public TransportEvents, public std::enable_shared_from_this<Connection> {
 public:
  Connection(DisplaySession& session, std::unique_ptr<DisplayTransport> transport, ClientLabel label)
      : session_(session), transport_(std::move(transport)), label_(std::move(label)) {}

  [[nodiscard]] DisplayTransport& transport() noexcept { return *transport_; }

  // ---- with the session's lock held
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] bool signed_in() const noexcept { return admitted_.has_value(); }
  [[nodiscard]] const Admitted& admitted() const noexcept { return *admitted_; }
  [[nodiscard]] const ClientPipeline& pipeline() const noexcept { return pipeline_; }  // with what is trusted of it
  [[nodiscard]] const MonitorLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] const std::shared_ptr<const ScreenMark>& mark() const noexcept { return mark_; }  // null: none
  // False: it owes a mark that it cannot have. It is shown nothing and is to be closed.
  [[nodiscard]] bool markable() const noexcept { return markable_; }
  [[nodiscard]] bool hears() const noexcept {
    return audio_wanted_ && !waits_for_notice() && admitted_ && admitted_->grant.find("audio.play") != nullptr;
  }
  // Nothing of the desktop reaches it, nor the other way, before it has confirmed this; empty: nothing to read.
  [[nodiscard]] const std::string& notice() const noexcept { return notice_; }
  [[nodiscard]] bool waits_for_notice() const noexcept { return !notice_.empty(); }
  bool confirm_notice() noexcept;  // false: there was none
  [[nodiscard]] Time admitted_at() const noexcept { return admitted_at_; }
  void narrow(const policy::Grant& grant);
  void note_sent(const EncodedFrame& frame, Time now) { trust_.sent(frame, now); }

  // ---- TransportEvents, on the transport's thread
  [[nodiscard]] MonitorLayout on_authenticated(const ClientInfo& client, const Admitted& admitted) override;
  void on_ready(const ClientPipeline& pipeline) override;
  void on_frame_written(FrameId id, std::size_t bytes) override;
  [[nodiscard]] bool on_pipeline_closed() override;
  void on_frame_ack(FrameId up_to) override;
  void on_frames_left(FrameId up_to) override;
  void on_acks_suspended() override;
  void on_drained() override;
  void on_round_trip(std::chrono::microseconds measured) override;
  void on_layout_wish(const MonitorLayout& layout) override;
  void on_output_wanted(bool wanted) override;
  void on_repaint(const Rect& rect) override;
  void on_audio_wanted(bool wanted) override;
  [[nodiscard]] ClipboardEvents& clipboard_events() noexcept override { return clipboard_; }
  void on_closed(const Error& reason) override;

 private:
  class Clipboard final : public ClipboardEvents {
   public:
    explicit Clipboard(Connection& connection) noexcept : connection_(connection) {}
    void on_offer(policy::FormatSet formats) override;
    void on_ask(TransferId id, policy::Format format) override;
    void on_answer(TransferId id, Result<ClipboardContent> content) override;

   private:
    Connection& connection_;
  };

  // Runs `body` with the session's lock if this is the client that is shown the desktop, and wakes the encode thread.
  template <class Body>
  void if_active(Body body);
  [[nodiscard]] MonitorLayout granted(const MonitorLayout& layout) const;  // what it may use of it
  void restart_after(const CodecTrust::Loss& loss);                        // with the lock held
  void take(Result<std::shared_ptr<const ScreenMark>> mark);               // likewise
  [[nodiscard]] bool owes_a_mark();                                        // without the lock
  void report(const CodecTrust::Loss& loss) const;
  // It must be recorded and is not: with a tap that fails, or armed without one.
  [[nodiscard]] bool unrecorded() const noexcept {
    return admitted_ && admitted_->grant.recording == policy::Recording::kRequired && !admitted_->tap;
  }

  DisplaySession& session_;
  std::unique_ptr<DisplayTransport> transport_;
  ClientLabel label_;
  std::optional<Admitted> admitted_;
  ClientPipeline pipeline_;
  ClientCodecs offered_;
  CodecTrust trust_;
  Clipboard clipboard_{*this};
  Time admitted_at_{};
  std::string notice_;
  MonitorLayout wished_;  // as it said
  MonitorLayout layout_;  // as far as it is granted
  Clock::Wall begun_{};   // when it was signed in
  bool markable_ = true;
  std::shared_ptr<const ScreenMark> mark_;  // on all of its pictures, as long as it lasts
  std::optional<DisplayStats> statistics_;  // of its time on the desktop, once that is over
  bool audio_wanted_ = false;
  bool closed_ = false;
};

}  // namespace tobari::display
