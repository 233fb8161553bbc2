// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/managed.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <poll.h>
#include <ranges>
#include <utility>
#include <vector>

#include <tobari/base/log.h>
#include <tobari/base/wall.h>
#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>

#include "capture/guest_clipboard.h"
#include "capture/picture_source.h"
#include "capture/qemu_dbus_source.h"
#include "control/grant_from_wire.h"
#include "daemon/admission.h"
#include "daemon/agent_ledger.h"
#include "daemon/agent_watch.h"
#include "daemon/control_reports.h"
#include "daemon/signals.h"
#include "daemon/statistics_report.h"
#include "rdp/rdp_transport.h"
#include "rdp/tls_identity.h"
#include "record/recorder.h"
#include "session/display_session.h"
#include "session/picture_requests.h"
#include "stats/stats_overlay_source.h"

namespace tobari::display {
namespace {

constexpr std::chrono::seconds kMaxWarning{std::chrono::days(1)};
constexpr std::size_t kMaxWarningBytes = 512;
constexpr std::chrono::seconds kMaxTicketLife{3600};  // whatever the agent says
static_assert(kMaxWallDesktops <= DisplaySession::kMaxScreens);

using Sources = std::vector<std::unique_ptr<FramebufferSource>>;

// A VM has a source for each of its heads, a container one.
Result<Sources> sources_of(wire::Source::Kind kind, unsigned heads, UniqueFd connection) {
  Sources sources;
  if (kind == wire::Source::PICTURE_PORT) {
    TOBARI_ASSIGN(auto source, PictureSource::create(std::move(connection)));
    sources.push_back(std::move(source));
    return sources;
  }
  TOBARI_ASSIGN(auto all, QemuDbusSource::create_heads(std::move(connection), heads));
  for (auto& head : all) sources.push_back(std::move(head));
  return sources;
}

class ManagedDisplay {
 public:
  ManagedDisplay(ControlChannel channel, TlsIdentity identity, bool figures)
      : figures_(figures),
        channel_(std::move(channel)),
        identity_(std::move(identity)),
        reports_(channel_),
        pictures_(
            clock_, [this] { take_picture(); },
            [this](std::uint64_t id, const PictureRequests::Picture& picture) { reports_.send_picture(id, picture); }),
        admission_(clock_),
        ledger_([this](const wire::FromDisplay& question) { reports_.send(question); }),
        session_(reports_, 1, &ledger_) {}

  [[nodiscard]] int fd() const noexcept { return channel_.fd(); }
  void stop() noexcept {
    session_.stop();
    for (const auto& recorder : recorders_) recorder->stop();
  }
  void log_statistics() { display::log_statistics("all", session_.statistics()); }

  // False when the agent has closed the socket, and nobody else holds it.
  [[nodiscard]] Result<bool> receive() {
    wire::ToDisplay message;
    TOBARI_ASSIGN(auto received, channel_.receive(message));
    if (received.status == ControlReceived::Status::kClosed) return false;
    if (received.status != ControlReceived::Status::kMessage) return true;
    hear();
    handle(message, std::move(received.descriptor));
    return true;
  }

  // ---- the agent that is silent, because it ended and its socket is held for the next one
  [[nodiscard]] int milliseconds_to_look() const {
    const auto left = watch_.changes_in(clock_.now());
    return left ? static_cast<int>(std::max<std::int64_t>(left->count(), 0)) : -1;
  }
  // False: none comes any more.
  [[nodiscard]] bool look_for_agent() {
    const auto state = watch_.state(clock_.now());
    if (state == AgentWatch::State::kThere) return true;
    if (!std::exchange(away_, true)) {
      log::warning("the host agent is silent");
      ledger_.set_away(true);
    }
    return state != AgentWatch::State::kOver;
  }

 private:
  void hear() {
    watch_.heard(clock_.now());
    if (std::exchange(away_, false)) {
      log::info("a host agent is there again");
      ledger_.set_away(false);
    }
    reports_.flush();
  }

  void handle(const wire::ToDisplay& message, UniqueFd descriptor) {
    switch (message.message_case()) {
      case wire::ToDisplay::kSetup:
        return set_up(message.setup());
      case wire::ToDisplay::kSource:
        return take_source(message.source(), std::move(descriptor));
      case wire::ToDisplay::kArm:
        return arm(message.arm(), std::move(descriptor));
      case wire::ToDisplay::kClient:
        return take_client(message.client(), std::move(descriptor));
      case wire::ToDisplay::kDrop:
        return drop(message.drop());
      case wire::ToDisplay::kPing: {
        wire::FromDisplay answer;
        answer.mutable_pong()->set_id(message.ping().id());
        return reports_.send(answer);
      }
      case wire::ToDisplay::kTakePicture:
        return pictures_.ask(message.take_picture().id());
      case wire::ToDisplay::kAskStatistics: {
        wire::FromDisplay answer;
        to_wire(session_.statistics(), *answer.mutable_statistics());
        return reports_.send(answer);
      }
      case wire::ToDisplay::kClipboard:
        return session_.set_clipboard(descriptor ? std::make_unique<GuestClipboard>(std::move(descriptor)) : nullptr);
      case wire::ToDisplay::kNarrow:
        return narrow(message.narrow());
      case wire::ToDisplay::kTransferAnswer:
        return ledger_.answered(message.transfer_answer());
      case wire::ToDisplay::kWarn:
        return warn(message.warn());
      case wire::ToDisplay::kResume:
        return reports_.send_resumed(identity_.sha256);
      case wire::ToDisplay::kRecordingLine:
        return take_recording_line(message.recording_line(), std::move(descriptor));
      case wire::ToDisplay::MESSAGE_NOT_SET:
        log::warning("control message of an unknown kind");
        return;
    }
  }

  void set_up(const wire::Setup& setup) {
    if (const auto level = log::parse_level(setup.log_level())) log::init("tobari-display", *level);
    session_.add_screens(std::min<std::size_t>(setup.screens(), DisplaySession::kMaxScreens));
    hold_ = std::min(std::chrono::seconds(setup.hold_seconds()), AgentWatch::kMaxHold);
    watch_.begin(hold_, clock_.now());
    log::info("set up", {{"desktop", setup.desktop_id()}});
    wire::FromDisplay answer;
    answer.mutable_ready()->set_certificate_sha256(identity_.sha256);
    reports_.send(answer);
  }

  // One of a recording that is over, or failed, is closed: so the agent sees it.
  void take_recording_line(const wire::RecordingLine& line, UniqueFd host) {
    for (const auto& recorder : std::views::reverse(recorders_)) {
      if (host && recorder->session() == line.session_id()) return recorder->replace_line(std::move(host));
    }
    log::warning("there is no such recording", {{"session", line.session_id()}});
  }

  // The first head is the desktop; the others are there for clients with more monitors.
  void take_source(const wire::Source& offered, UniqueFd connection) {
    const unsigned first = offered.screen();
    if (first >= DisplaySession::kMaxScreens) return log::error("source for a screen that cannot be");
    const unsigned heads = std::clamp<unsigned>(offered.heads(), 1, DisplaySession::kMaxScreens - first);
    auto sources = sources_of(offered.kind(), heads, std::move(connection));
    if (!sources) return reports_.on_source_lost(first, sources.error());
    reports_.source_is_there(first);
    for (std::size_t i = 0; i < sources->size(); ++i) {
      std::unique_ptr<FramebufferSource> shown = std::move((*sources)[i]);
      if (figures_ && first + i == 0) {
        shown = std::make_unique<StatsOverlaySource>(std::move(shown), [this] { return session_.statistics(); });
      }
      session_.set_source(first + i, std::move(shown),
                          i == 0 ? DisplaySession::Role::kDesktop : DisplaySession::Role::kSpareHead);
    }
  }

  void take_picture() {
    session_.take_thumbnail([this](const PictureRequests::Picture& picture) { pictures_.taken(picture); });
  }

  void arm(const wire::Arm& arm, UniqueFd host) {
    Sha256 ticket{};
    if (arm.ticket_sha256().size() != ticket.size()) {
      log::error("ticket of a wrong length", {{"session", arm.session_id()}});
      return;
    }
    std::ranges::copy(std::as_bytes(std::span(arm.ticket_sha256())), ticket.begin());
    const auto valid = std::min(std::chrono::seconds(arm.valid_seconds()), kMaxTicketLife);
    Admitted admitted{grant_from_wire(arm.grant()), arm.session_id()};
    if (admitted.grant.recording != policy::Recording::kNone) {
      auto recorder = recorder_for(arm, admitted.grant, std::move(host));
      if (recorder) admitted.tap = *recorder;
      if (!recorder)
        log::error("no recording", {{"session", arm.session_id()}, {"because", describe(recorder.error())}});
      // Without its ticket nobody gets in.
      if (!recorder && admitted.grant.recording == policy::Recording::kRequired) return;
    }
    admission_.arm(ticket, std::move(admitted), valid);
  }

  Result<std::shared_ptr<Recorder>> recorder_for(const wire::Arm& arm, const policy::Grant& grant, UniqueFd host) {
    RecorderOptions options;
    options.session = arm.session_id();
    options.required = grant.recording == policy::Recording::kRequired;
    options.limits.line_again_within = hold_;
    if (!host) return fail(Errc::kInvalidArgument, "the host agent gave no socket for it");
    if (arm.recording_key().size() != options.reader.bytes.size()) {
      return fail(Errc::kInvalidArgument, "the recording key has a wrong length");
    }
    std::ranges::copy(std::as_bytes(std::span(arm.recording_key())), options.reader.bytes.begin());
    TOBARI_ASSIGN(auto recorder, Recorder::create(std::move(options), std::move(host)));
    std::erase_if(recorders_, [](const auto& former) { return former.use_count() == 1 && !former->busy(); });
    recorders_.push_back(recorder);
    return recorder;
  }

  void take_client(const wire::Client& client, UniqueFd connection) {
    const ClientLabel label{client.address(), client.session_id()};
    Result<void> added = fail(Errc::kInvalidArgument, "no connection came with it");
    if (connection) {
      RdpOptions options;
      options.client_address = client.address();
      options.session_id = client.session_id();
      added = session_.add_client(make_rdp_transport(std::move(connection), identity_, admission_, std::move(options)),
                                  label);
    }
    if (!added) reports_.on_client_closed(label, nullptr, added.error());
  }

  void drop(const wire::Drop& drop) {
    if (!drop.session_id().empty()) admission_.disarm(drop.session_id());
    log::info("dropping", {{"session", drop.session_id()}, {"because", drop.reason()}});
    CloseReason reason = drop.taken_over() ? CloseReason::kTakenOver : CloseReason::kDropped;
    if (drop.denied()) reason = CloseReason::kDenied;
    session_.drop_clients(drop.session_id(), reason);
  }

  void warn(const wire::Warn& said) {
    const auto left = std::min(std::chrono::seconds(said.in_seconds()), kMaxWarning);
    session_.warn(said.text().substr(0, kMaxWarningBytes), clock_.now() + left);
    log::info("warning", {{"stands", said.text().empty() ? "no" : "yes"}, {"seconds", std::to_string(left.count())}});
  }

  // First those that are about to come in, so that none slips through with what it had.
  void narrow(const wire::Narrow& less) {
    const policy::Grant grant = grant_from_wire(less.grant());
    admission_.narrow(less.session_id(), grant);
    session_.narrow(less.session_id(), grant);
    log::info("narrowed", {{"session", less.session_id()}});
  }

  const bool figures_;            // in the picture
  std::chrono::seconds hold_{0};  // how long it goes on without an agent
  AgentWatch watch_;
  bool away_ = false;
  SystemClock clock_;
  ControlChannel channel_;
  TlsIdentity identity_;
  ControlReports reports_;
  PictureRequests pictures_;
  // Held here as well, so that the end of one is not waited for by a thread that shows something.
  std::vector<std::shared_ptr<Recorder>> recorders_;
  TicketAdmission admission_;
  AgentLedger ledger_;
  DisplaySession session_;
};

}  // namespace

Result<void> run_managed(const Options& options, const UniqueFd& signals) {
  TOBARI_ASSIGN(TlsIdentity identity, make_tls_identity());
  ManagedDisplay display(ControlChannel(UniqueFd(options.control_fd)), std::move(identity), options.stats);
  for (;;) {
    std::array<pollfd, 2> items{{{display.fd(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
    if (::poll(items.data(), items.size(), display.milliseconds_to_look()) < 0 && errno != EINTR)
      return fail_errno(errno, "wait for the host agent");
    if (items[1].revents != 0) {
      const Signal signal = next_signal(signals);
      if (signal == Signal::kEnd) break;
      if (signal == Signal::kReport) display.log_statistics();
    }
    if (items[0].revents != 0) {
      TOBARI_ASSIGN(const bool open, display.receive());
      if (!open) break;
    } else if (!display.look_for_agent()) {
      log::error("no host agent has come back");
      break;
    }
  }
  display.stop();
  return {};
}

}  // namespace tobari::display
