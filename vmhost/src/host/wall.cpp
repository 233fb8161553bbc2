// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/wall.h"

#include <algorithm>
#include <format>
#include <utility>

#include <tobari/base/log.h>

#include "host/arming.h"
#include "host/claims.h"
#include "host/orders.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {
namespace {

// Beyond a ticket's life: its client may have begun just before, and a person may look at the certificate meanwhile.
constexpr std::chrono::seconds kSignInWithin{120};
constexpr std::chrono::seconds kMaxTicketLife{300};
constexpr std::chrono::seconds kFarewell{3};           // for the display to tell its client that it is over
constexpr std::chrono::milliseconds kProcessEnd{500};  // before its end is waited for

}  // namespace

Wall::Wall(DesktopServices& services, std::string session, std::vector<std::shared_ptr<Desktop>> desktops,
           std::uint32_t slot, Callbacks callbacks, std::optional<Adopted> adopted)
    : services_(services),
      session_(std::move(session)),
      desktops_(std::move(desktops)),
      slot_(slot),
      callbacks_(std::move(callbacks)) {
  DisplayOptions options = services_.display;
  options.screens = static_cast<std::uint32_t>(desktops_.size());
  options.uid = display_user();
  timer_ = services_.loop.after(kSignInWithin, [this] { finish(); });
  std::optional<AdoptedDisplay> running;
  if (adopted) {
    running = std::move(adopted->display);
    if (adopted->showing) {
      timer_.reset();
      connected_ = true;
      state_ = State::kShowing;
    }
  }
  display_ = std::make_unique<DisplayProcess>(services_.loop, "wall " + session_, std::move(options),
                                              display_callbacks(), std::move(running));
  if (shows()) lend_all(true);
  outlive_us();
}

DisplayCallbacks Wall::display_callbacks() {
  return {
      .on_ready = [this] { callbacks_.on_ready(); },
      .on_session = [this](const wire::Session& each) { on_session(bounded(each)); },
      .on_source_lost = [this](std::uint32_t screen, const std::string& why) { on_source_lost(screen, why); },
      .on_picture = [](const wire::Picture&) {},  // nobody asks
      .on_gone = [this] { on_display_gone(); },
      .on_transfer = [this](const wire::Transfer& transfer) { callbacks_.on_transfer(transfer); },
      .on_resumed = [this](const wire::Resumed& resumed) { on_resumed(resumed); },
  };
}

Wall::~Wall() { give_back(); }

std::optional<std::uint32_t> Wall::display_user() const {
  if (display_ && display_->ready()) return display_->uid();
  if (!services_.first_uid) return std::nullopt;
  return *services_.first_uid + slot_;
}

bool Wall::holds(const Desktop& desktop) const {
  return std::ranges::any_of(desktops_, [&desktop](const auto& each) { return each.get() == &desktop; });
}

Result<std::string> Wall::arm(const wire::OpenDisplay& request) {
  if (state_ != State::kWaiting) return fail(Errc::kNotFound, "the wall is over");
  if (!display_->ready()) return fail(Errc::kUnavailable, "the display process is starting");
  TOBARI_ASSIGN(const Arming arming, arming_of(request, services_.recordings));
  TOBARI_TRY(display_->send(arming.message, arming.recording.get()));
  const auto valid = std::min(std::chrono::seconds(request.valid_seconds()), kMaxTicketLife);
  timer_ = services_.loop.after(valid + kSignInWithin, [this] { finish(); });
  return display_->fingerprint();
}

Result<void> Wall::client(const std::string& address, int descriptor) {
  if (state_ != State::kWaiting) return fail(Errc::kNotFound, "the wall is over");
  wire::ToDisplay message;
  message.mutable_client()->set_session_id(session_);
  message.mutable_client()->set_address(address);
  return display_->send(message, descriptor);
}

// ---- restarts of this program

void Wall::outlive_us() const {
  if (services_.display.keeper == nullptr || state_ == State::kOver) return;
  wire::HeldWall note;
  note.set_session_id(session_);
  for (const auto& desktop : desktops_) note.add_desktop_ids(desktop->id().str());
  note.set_showing(state_ == State::kShowing);
  services_.display.keeper->annotate("wall/" + session_, note.SerializeAsString());
}

void Wall::on_resumed(const wire::Resumed& resumed) {
  const auto found = std::ranges::find(resumed.sessions(), session_, &wire::Session::session_id);
  const bool signed_in = found != resumed.sessions().end();
  if (state_ == State::kWaiting && signed_in) {
    wire::Session session = bounded(*found);
    session.set_kind(wire::Session::CONNECTED);
    return on_session(session);
  }
  if (state_ != State::kShowing) return;
  if (!signed_in) {
    report_end("its client left while the host agent was away");
    return finish();
  }
  for (std::uint32_t screen = 0; screen < desktops_.size(); ++screen) {
    if (!std::ranges::contains(resumed.screens(), screen)) on_source_lost(screen, "it had none when it was taken over");
  }
}

void Wall::hand_recording_line(const UniqueFd& line) {
  wire::ToDisplay message;
  message.mutable_recording_line()->set_session_id(session_);
  const auto sent = display_->send(message, line.get());
  if (!sent) log::warning("recording does not go on", {{"session", session_}, {"reason", sent.error().message}});
}

// ---- what its display says

void Wall::on_session(const wire::Session& session) {
  if (session.session_id() != session_) {
    log::warning("display process reports a session that is not its own", {{"wall", session_}});
    return;
  }
  const bool first = session.kind() == wire::Session::CONNECTED && state_ == State::kWaiting;
  if (session.kind() == wire::Session::CONNECTED && !first) return;  // a ticket is good once
  if (session.kind() == wire::Session::DISCONNECTED) connected_ = false;
  callbacks_.on_session(session);
  if (first) return on_signed_in();
  // Its routing token is used up, so nobody else can come.
  if (session.kind() == wire::Session::DISCONNECTED || session.kind() == wire::Session::REFUSED) finish();
}

void Wall::on_signed_in() {
  connected_ = true;
  timer_.reset();
  callbacks_.on_signed_in();
  state_ = State::kShowing;
  outlive_us();
  lend_all(false);
}

void Wall::on_source_lost(std::uint32_t screen, const std::string& detail) {
  if (state_ == State::kShowing && screen < desktops_.size()) desktops_[screen]->source_lost(detail);
}

// It would be started again, but for nobody.
void Wall::on_display_gone() {
  report_end("display process ended");
  finish();
}

void Wall::report_end(const std::string& detail) {
  if (!std::exchange(connected_, false)) return;
  wire::Session session;
  session.set_session_id(session_);
  session.set_kind(wire::Session::DISCONNECTED);
  session.set_detail(detail);
  callbacks_.on_session(session);
}

// ---- the desktops

void Wall::lend_all(bool has_them) {
  for (std::uint32_t screen = 0; screen < desktops_.size(); ++screen) {
    Desktop& desktop = *desktops_[screen];
    if (!has_them) desktop.end_session("shown on a wall");
    desktop.lend_display({display_user(),
                          [this, screen](const UniqueFd& socket) {
                            wire::ToDisplay message;
                            message.mutable_source()->set_heads(1);
                            message.mutable_source()->set_screen(screen);
                            message.mutable_source()->set_kind(desktops_[screen]->picture());
                            return display_->send(message, socket.get());
                          }},
                         has_them);
  }
}

void Wall::give_back() {
  if (state_ != State::kShowing) return;
  for (const auto& desktop : desktops_) desktop->take_display_back();
}

// ---- the end

void Wall::end(Why why, const std::string& reason) {
  if (state_ == State::kWaiting) return finish();
  if (state_ != State::kShowing) return;
  give_back();
  state_ = State::kLeaving;
  wire::ToDisplay message;
  message.mutable_drop()->set_session_id(session_);
  message.mutable_drop()->set_reason(bounded(reason));
  message.mutable_drop()->set_taken_over(why == Why::kTakenOver);
  message.mutable_drop()->set_denied(why == Why::kDenied);
  const auto sent = display_->send(message);
  if (!sent) log::warning("wall is not told to end", {{"wall", session_}, {"reason", sent.error().message}});
  timer_ = services_.loop.after(kFarewell, [this] { finish(); });
}

void Wall::narrow(const wire::NarrowSession& request) {
  const auto sent = display_->send(narrow_of(request));
  if (sent || !display_->ready()) return;
  log::error("wall is not narrowed and ends", {{"wall", session_}, {"reason", sent.error().message}});
  end(Why::kDenied, "it does not take orders");
}

void Wall::answer_transfer(const wire::TransferAnswered& answer) {
  const auto sent = display_->send(answer_of(answer));
  if (!sent) log::warning("transfer is not answered", {{"wall", session_}, {"reason", sent.error().message}});
}

// The same again, and nothing where nothing was said, costs no message.
void Wall::warn(const wire::Warn& warning) {
  if (!display_->ready() || (warning.text().empty() && !warned_)) return;
  warned_ = !warning.text().empty();
  wire::ToDisplay message;
  *message.mutable_warn() = warning;
  const auto sent = display_->send(message);
  if (!sent)
    log::warning("wall is not told that a desktop ends", {{"wall", session_}, {"reason", sent.error().message}});
}

// Not destroyed at once: this may be a call of the display's, and its process takes a moment to end.
void Wall::finish() {
  if (state_ == State::kOver) return;
  give_back();
  state_ = State::kOver;
  if (services_.display.keeper != nullptr) services_.display.keeper->drop("wall/" + session_);
  timer_ = services_.loop.after(std::chrono::milliseconds(0), [this] {
    report_end("ended");
    display_->ask_to_end();
    timer_ = services_.loop.after(kProcessEnd, [this] { callbacks_.on_over(); });
  });
}

}  // namespace tobari::vmhost
