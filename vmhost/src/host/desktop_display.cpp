// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/thumbnail.h>

#include "host/arming.h"
#include "host/claims.h"
#include "host/desktop.h"
#include "host/orders.h"
#include "host/unix_socket.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxThumbnails = 16;            // asked of one display and not answered
constexpr std::chrono::seconds kForgetThumbnail{10};  // longer than whoever asked waits
constexpr int kMaxStanding = 16;                      // display_control.proto

}  // namespace

void Desktop::start_display() {
  // They outlived the VM; or they were adopted together with it, which has been there all the time.
  if ((display_ || borrower_) && !std::exchange(has_source_, false)) offer_source();
  if (!display_) make_display({});
}

void Desktop::adopt_display(AdoptedDisplay display, std::string session) {
  connected_session_ = std::move(session);
  has_source_ = true;
  make_display(std::move(display));
}

void Desktop::leave_display() noexcept {
  if (display_) display_->leave();
}

void Desktop::make_display(std::optional<AdoptedDisplay> adopted) {
  DisplayOptions options = services_.display;
  options.uid = display_user();
  display_ = std::make_unique<DisplayProcess>(
      services_.loop, id_.str(), std::move(options),
      DisplayCallbacks{
          .on_ready =
              [this] {
                if (!borrower_) offer_source();
                warn_display();
                services_.changed();
              },
          .on_session = [this](const wire::Session& session) { on_display_session(session); },
          .on_source_lost =
              [this](std::uint32_t screen, const std::string& detail) {
                if (screen > 0) return;  // with the VM the first head goes too; without it the others are in order
                if (!borrower_) source_lost(detail);
              },
          .on_picture = [this](const wire::Picture& picture) { on_display_picture(picture); },
          .on_gone = [this] { on_display_gone(); },
          .on_transfer = [this](const wire::Transfer& transfer) { services_.on_transfer(id_, transfer); },
          .on_resumed = [this](const wire::Resumed& resumed) { on_display_resumed(resumed); },
      },
      std::move(adopted));
}

void Desktop::on_display_resumed(const wire::Resumed& resumed) {
  const auto& standing = resumed.sessions();
  if (standing.size() > kMaxStanding) return display_->restart("it has more clients than there can be");
  if (std::ranges::find(standing, connected_session_, &wire::Session::session_id) == standing.end()) {
    connected_session_ = standing.empty() ? std::string() : standing.rbegin()->session_id();
  }
  services_.on_resumed(id_, resumed);
  if (!borrower_ && !std::ranges::contains(resumed.screens(), 0U)) source_lost("it had none when it was taken over");
}

void Desktop::hand_recording_line(const std::string& session, const UniqueFd& line) {
  if (!display_) return;
  wire::ToDisplay message;
  message.mutable_recording_line()->set_session_id(session);
  const auto sent = display_->send(message, line.get());
  if (!sent) log::warning("recording does not go on", {{"session", session}, {"reason", sent.error().message}});
}

std::optional<std::uint32_t> Desktop::display_user() const {
  if (display_ && display_->ready()) return display_->uid();
  if (!services_.first_uid) return std::nullopt;
  return *services_.first_uid + slot_;
}

void Desktop::source_lost(const std::string& detail) {
  log::info("display lost its VM", {{"desktop", id_.str()}, {"detail", bounded(detail)}});
  has_source_ = false;
  offer_source_later();
}

void Desktop::offer_source_in(std::chrono::milliseconds pause) {
  source_timer_ = services_.loop.after(pause, [this] { offer_source(); });
}

void Desktop::offer_source() {
  if (!running_ || stopping_ || paused_) return;
  if (!borrower_ && (!display_ || !display_->ready())) return;
  auto job = [&hypervisor = services_.hypervisor, id = id_, user = borrower_ ? borrower_->uid : display_user()] {
    return hypervisor.display(id, user);
  };
  worker().run(std::move(job), [self = shared_from_this(), turn = handed_over_](const Result<UniqueFd>& socket) {
    if (!self->running_ || self->handed_over_ != turn) return;
    const auto handed = socket ? self->hand_source(*socket) : std::unexpected(socket.error());
    if (handed) return;
    log::warning("display gets no picture", {{"desktop", self->id_.str()}, {"reason", handed.error().message}});
    self->offer_source_later();
  });
}

Result<void> Desktop::hand_source(const UniqueFd& socket) {
  if (borrower_) return borrower_->take_source(socket);
  if (!display_) return {};
  wire::ToDisplay message;
  message.mutable_source()->set_heads(is_container() ? 1 : heads());
  message.mutable_source()->set_kind(picture());
  TOBARI_TRY(display_->send(message, socket.get()));
  hand_clipboard();
  return {};
}

wire::Source::Kind Desktop::picture() const { return is_container() ? wire::Source::PICTURE_PORT : wire::Source::DBUS; }

// QEMU serves one connection to the port at a time: the next one when the display process has closed the former.
// A wall gets none: whose it would be is not said.
void Desktop::hand_clipboard() {
  if (!has_clipboard_) return;
  const auto port = connect_unix(clipboard_socket());
  wire::ToDisplay message;
  message.mutable_clipboard();
  const auto sent = port ? display_->send(message, port->get()) : std::unexpected(port.error());
  if (!sent) log::warning("desktop without a clipboard", {{"desktop", id_.str()}, {"reason", sent.error().message}});
}

// A timer rather than at once: what is taken back and lent again in one turn is offered to the last one only.
void Desktop::lend_display(Borrower borrower, bool has_it) {
  borrower_ = std::move(borrower);
  ++handed_over_;
  has_source_ = has_it;
  if (!has_it) offer_source_in(std::chrono::milliseconds(0));
}

void Desktop::take_display_back() {
  borrower_.reset();
  ++handed_over_;
  has_source_ = false;
  offer_source_in(std::chrono::milliseconds(0));
}

void Desktop::end_session(const std::string& reason) {
  if (connected_session_.empty() || !display_) return;
  wire::ToDisplay message;
  message.mutable_drop()->set_session_id(connected_session_);
  message.mutable_drop()->set_reason(bounded(reason));
  message.mutable_drop()->set_taken_over(true);
  const auto sent = display_->send(message);
  if (!sent) log::warning("session is not told to end", {{"desktop", id_.str()}, {"reason", sent.error().message}});
}

Result<void> Desktop::showable() const {
  const wire::ActualDesktop now = actual();
  if (now.state() == wire::DESKTOP_STATE_FAILED) return fail(Errc::kIo, "desktop failed: " + now.detail());
  if (now.state() == wire::DESKTOP_STATE_STARTING) return fail(Errc::kUnavailable, "desktop is starting");
  if (now.state() != wire::DESKTOP_STATE_RUNNING || stopping_)
    return fail(Errc::kUnavailable, "desktop is not running");
  return {};
}

Result<std::string> Desktop::arm(const wire::OpenDisplay& request) {
  TOBARI_TRY(showable());
  if (!display_ || !display_->ready()) return fail(Errc::kUnavailable, "the display process is starting");
  TOBARI_ASSIGN(const Arming arming, arming_of(request, services_.recordings));
  TOBARI_TRY(display_->send(arming.message, arming.recording.get()));
  return display_->fingerprint();
}

Result<void> Desktop::client(const std::string& session, const std::string& address, int descriptor) {
  if (!display_) return fail(Errc::kUnavailable, "there is no display process");
  if (fenced_ && paused_) return fail(Errc::kUnavailable, "the desktop is paused");
  wire::ToDisplay message;
  message.mutable_client()->set_session_id(session);
  message.mutable_client()->set_address(address);
  return display_->send(message, descriptor);
}

void Desktop::drop(const wire::CloseSession& request) {
  if (!display_ || !display_->ready()) return;  // with the process its connections have gone
  const auto sent = display_->send(drop_of(request));
  if (!sent) {
    log::warning("session is not told to end", {{"session", request.session_id()}, {"reason", sent.error().message}});
  }
}

// A process that does not hear of it must not go on with more than is allowed.
void Desktop::narrow(const wire::NarrowSession& request) {
  if (!display_ || !display_->ready()) return;
  const auto sent = display_->send(narrow_of(request));
  if (sent) return;
  log::error("session is not narrowed, its display ends",
             {{"session", request.session_id()}, {"reason", sent.error().message}});
  display_->restart("it does not take orders");
}

void Desktop::answer_transfer(const wire::TransferAnswered& answer) {
  if (!display_) return;
  const auto sent = display_->send(answer_of(answer));
  if (!sent) log::warning("transfer is not answered", {{"desktop", id_.str()}, {"reason", sent.error().message}});
}

Result<void> Desktop::take_thumbnail(const std::string& request_id) {
  if (!running_ || stopping_ || !display_) return fail(Errc::kUnavailable, "the desktop is not running");
  const auto now = Loop::Steady::now();
  while (!thumbnails_.empty() && now - thumbnails_.front().since > kForgetThumbnail) thumbnails_.pop_front();
  if (thumbnails_.size() >= kMaxThumbnails) return fail(Errc::kExhausted, "too many ask for this desktop's picture");
  wire::ToDisplay message;
  message.mutable_take_picture()->set_id(++thumbnails_asked_);
  TOBARI_TRY(display_->send(message));
  thumbnails_.push_back({thumbnails_asked_, request_id, now});
  return {};
}

void Desktop::on_display_picture(const wire::Picture& picture) {
  const auto wish = std::ranges::find(thumbnails_, picture.id(), &Wish::id);
  if (wish == thumbnails_.end()) return;
  const std::string request_id = wish->request_id;
  thumbnails_.erase(wish);
  if (picture.jpeg().empty()) {
    return services_.on_thumbnail(request_id, fail(Errc::kUnavailable, bounded(picture.failure())));
  }
  if (!is_thumbnail(picture.jpeg())) {
    log::warning("display process sends no picture", {{"desktop", id_.str()}});
    return services_.on_thumbnail(request_id, fail(Errc::kPeerProtocol, "the display made no picture"));
  }
  services_.on_thumbnail(request_id, picture.jpeg());
}

void Desktop::ask_display_to_end() noexcept {
  if (display_) display_->ask_to_end();
}

void Desktop::on_display_session(const wire::Session& session) {
  if (session.kind() == wire::Session::CONNECTED) {
    connected_session_ = session.session_id();
    logged_off_ = false;  // whoever comes back works on
  }
  if (session.kind() == wire::Session::DISCONNECTED && session.session_id() == connected_session_) {
    connected_session_.clear();
  }
  services_.on_session(id_, bounded(session));
}

// Nobody else can say it any more.
void Desktop::on_display_gone() {
  if (!borrower_) {
    source_timer_.reset();
    has_source_ = false;
  }
  for (const Wish& wish : std::exchange(thumbnails_, {})) {
    services_.on_thumbnail(wish.request_id, fail(Errc::kUnavailable, "the display process has ended"));
  }
  session_is_over();
  services_.changed();
}

void Desktop::end_display() {
  display_.reset();
  session_is_over();
}

void Desktop::session_is_over() {
  if (connected_session_.empty()) return;
  wire::Session session;
  session.set_session_id(std::exchange(connected_session_, {}));
  session.set_kind(wire::Session::DISCONNECTED);
  session.set_detail("display process ended");
  services_.on_session(id_, session);
}

}  // namespace tobari::vmhost
