// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/connection.h"

#include <array>
#include <string>
#include <vector>

#include <tobari/base/log.h>

#include "session/screen.h"
#include "session/session_mark.h"

namespace tobari::display {
namespace {
constexpr Rect kEverything{0, 0, MonitorLayout::kMaxDesktopSide, MonitorLayout::kMaxDesktopSide};

std::string joined(const std::vector<std::string>& notices) {
  std::string text;
  for (const std::string& notice : notices) text += notice + "\n\n";
  return text.empty() ? text : text + "PRESS A KEY OR CLICK TO CONFIRM THAT YOU HAVE READ THIS";
}

}  // namespace

template <class Body>
void DisplaySession::Connection::if_active(Body body) {
  const std::scoped_lock lock(session_.mutex_);
  if (session_.active_.get() != this) return;
  body();
  session_.wake();
}

MonitorLayout DisplaySession::Connection::granted(const MonitorLayout& layout) const {
  return layout.limited(admitted_->grant.max_monitors, admitted_->grant.max_pixels);
}

MonitorLayout DisplaySession::Connection::on_authenticated(const ClientInfo& client, const Admitted& admitted) {
  MonitorLayout shown;
  bool ended = false;
  bool markable = false;
  const Clock::Wall begun = SystemClock().wall();
  auto mark = session_mark(label_.address, admitted, begun);  // before the lock: it takes milliseconds
  {
    const std::scoped_lock lock(session_.mutex_);
    admitted_ = admitted;
    begun_ = begun;
    take(std::move(mark));
    for (const auto& [session_id, less] : session_.lately_) {
      if (session_id != admitted.session_id) continue;
      ended = ended || !less;
      if (less) narrow(*less);
    }
    markable = markable_;
    admitted_at_ = SystemClock().now();
    notice_ = joined(admitted_->grant.notices);
    wished_ = client.layout;
    layout_ = granted(client.layout);
    session_.expected_layout_ = layout_;
    session_.layout_changed_ = true;
    session_.wake();
    shown = arrange(layout_, session_.infos()).monitors;
  }
  session_.observer_.on_client_connected(client, admitted);
  if (ended || !markable) transport_->close(ended ? CloseReason::kDenied : CloseReason::kDropped);
  if (admitted.tap) {
    admitted.tap->begin(client, admitted, [self = weak_from_this()](const Error& /*why*/) {
      if (const auto connection = self.lock()) connection->transport().close(CloseReason::kNotRecorded);
    });
  }
  return shown;
}

void DisplaySession::Connection::on_ready(const ClientPipeline& pipeline) {
  if (unrecorded()) return transport_->close(CloseReason::kNotRecorded);
  if (owes_a_mark()) return transport_->close(CloseReason::kDropped);  // and pushes nobody aside
  std::shared_ptr<Connection> former;
  {
    const std::scoped_lock lock(session_.mutex_);
    pipeline_ = pipeline;
    offered_ = pipeline.codecs;
    pipeline_.codecs = trust_.trusted(offered_);
    former = std::exchange(session_.active_, shared_from_this());
    if (former.get() != this) {
      const auto now = SystemClock().now();
      if (former) former->statistics_ = session_.recorder_.of_client(now);
      session_.recorder_.begin_client(now);
    }
    session_.active_changed_ = true;
    session_.output_wanted_ = true;
    session_.input_.set_guarded(waits_for_notice());
    session_.wake();
  }
  if (former && former.get() != this) {
    session_.input_.release_all();
    former->transport().close(CloseReason::kTakenOver);
  }
}

// Nothing to do because of it: nobody is woken.
void DisplaySession::Connection::on_frame_written(FrameId id, std::size_t bytes) {
  const std::scoped_lock lock(session_.mutex_);
  if (session_.active_.get() == this) session_.pacer_.written(id, bytes);
}

bool DisplaySession::Connection::on_pipeline_closed() {
  const std::scoped_lock lock(session_.mutex_);
  const auto loss = trust_.channel_closed();
  report(loss);
  return loss.has_value();
}

void DisplaySession::Connection::report(const CodecTrust::Loss& loss) const {
  if (!loss) return;
  log::warning("a client is no longer sent a codec", {{"client", label_.address}, {"codec", std::string(*loss)}});
}

void DisplaySession::Connection::restart_after(const CodecTrust::Loss& loss) {
  if (!loss) return;
  report(loss);
  pipeline_.codecs = trust_.trusted(offered_);
  session_.active_changed_ = true;
}

void DisplaySession::Connection::on_frame_ack(FrameId up_to) {
  if_active([this, up_to] {
    const auto now = SystemClock().now();
    trust_.acknowledged();
    session_.pacer_.acknowledged(up_to, now);
    session_.recorder_.acknowledged(up_to, now);
  });
}

// Nobody is woken for it.
void DisplaySession::Connection::on_frames_left(FrameId up_to) {
  const std::scoped_lock lock(session_.mutex_);
  if (session_.active_.get() == this) session_.recorder_.left(up_to, SystemClock().now());
}

void DisplaySession::Connection::on_acks_suspended() {
  if_active([this] {
    trust_.acks_suspended();
    session_.pacer_.acks_suspended();
  });
}

void DisplaySession::Connection::on_drained() {
  if_active([] {});
}

void DisplaySession::Connection::on_round_trip(std::chrono::microseconds measured) {
  if_active([this, measured] {
    const Time now = SystemClock().now();
    session_.pacer_.round_trip(measured, now);
    restart_after(trust_.answered(now));
  });
}

// A layout beyond the grant even for one monitor leaves things as they are.
void DisplaySession::Connection::on_layout_wish(const MonitorLayout& layout) {
  if_active([this, &layout] {
    MonitorLayout wanted = granted(layout);
    wished_ = layout;
    if (wanted.empty() || wanted == layout_) return;
    layout_ = std::move(wanted);
    session_.layout_changed_ = true;
  });
}

void DisplaySession::Connection::on_output_wanted(bool wanted) {
  if_active([this, wanted] {
    // A client that shows its window again may have lost what was in it.
    if (wanted && !session_.output_wanted_) session_.repaint_.add(kEverything);
    session_.output_wanted_ = wanted;
  });
}

void DisplaySession::Connection::on_repaint(const Rect& rect) {
  if_active([this, rect] {
    session_.repaint_.add(intersect(rect, kEverything));
    restart_after(trust_.repaint_asked(SystemClock().now()));
  });
}

void DisplaySession::Connection::on_audio_wanted(bool wanted) {
  const std::scoped_lock lock(session_.mutex_);
  audio_wanted_ = wanted;
  session_.audio_changed_ = true;
  session_.wake();
}

bool DisplaySession::Connection::confirm_notice() noexcept {
  const bool was = waits_for_notice();
  notice_.clear();
  return was;
}

// Whatever somebody says, not more than it had.
void DisplaySession::Connection::narrow(const policy::Grant& grant) {
  const std::array grants{admitted_->grant, grant};
  const bool seen = admitted_->grant.visible_watermark;
  const bool hidden = admitted_->grant.invisible_watermark;
  admitted_->grant = policy::narrowest(grants);
  MonitorLayout smaller = granted(wished_);
  if (!smaller.empty()) layout_ = std::move(smaller);
  if (admitted_->grant.visible_watermark == seen && admitted_->grant.invisible_watermark == hidden) return;
  if (session_.active_.get() == this) session_.active_changed_ = true;  // everything is painted anew
  take(session_mark(label_.address, *admitted_, begun_));
}

bool DisplaySession::Connection::owes_a_mark() {
  const std::scoped_lock lock(session_.mutex_);
  return !markable_;
}

void DisplaySession::Connection::take(Result<std::shared_ptr<const ScreenMark>> mark) {
  markable_ = mark.has_value();
  if (mark) {
    mark_ = *std::move(mark);
  } else {
    log::error("a session that is to be marked cannot be",
               {{"client", label_.address}, {"because", describe(mark.error())}});
  }
}

void DisplaySession::Connection::Clipboard::on_offer(policy::FormatSet formats) {
  connection_.session_.clipboard_.client_offers(*connection_.transport_, formats);
}

void DisplaySession::Connection::Clipboard::on_ask(TransferId id, policy::Format format) {
  connection_.session_.clipboard_.client_asks(*connection_.transport_, id, format);
}

void DisplaySession::Connection::Clipboard::on_answer(TransferId id, Result<ClipboardContent> content) {
  connection_.session_.clipboard_.client_answers(*connection_.transport_, id, std::move(content));
}

void DisplaySession::Connection::on_closed(const Error& reason) {
  bool was_active = false;
  {
    const std::scoped_lock lock(session_.mutex_);
    closed_ = true;
    was_active = session_.active_.get() == this;
    if (was_active) {
      const auto now = SystemClock().now();
      statistics_ = session_.recorder_.of_client(now);
      session_.recorder_.end_client(now);
      session_.active_.reset();
      session_.active_changed_ = true;
      session_.input_.set_guarded(false);
    }
    session_.wake();
  }
  if (was_active) session_.input_.release_all();
  if (admitted_ && admitted_->tap) admitted_->tap->end(reason.message);
  if (admitted_ && statistics_) session_.observer_.on_client_statistics(*admitted_, *statistics_);
  session_.observer_.on_client_closed(label_, admitted_ ? &*admitted_ : nullptr, reason);
}

}  // namespace tobari::display
