// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/thumbnail.h>

#include "host/desktop.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxReportedText = 256;         // of what a display process says
constexpr std::size_t kMaxThumbnails = 16;            // asked of one display and not answered
constexpr std::chrono::seconds kForgetThumbnail{10};  // longer than whoever asked waits

// Never half a character: text that is no UTF-8 would make the whole message unreadable to the broker.
std::string bounded(const std::string& text) {
  std::size_t size = std::min(text.size(), kMaxReportedText);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

void Desktop::start_display() {
  if (display_) return offer_source();  // it outlived the VM
  DisplayOptions options = services_.display;
  options.uid = display_user();
  display_ = std::make_unique<DisplayProcess>(
      services_.loop, id_.str(), std::move(options),
      DisplayCallbacks{
          .on_ready =
              [this] {
                offer_source();
                services_.changed();
              },
          .on_session = [this](const wire::Session& session) { on_display_session(session); },
          .on_source_lost =
              [this](std::uint32_t screen, const std::string& detail) {
                if (screen > 0) return;  // with the VM the first head goes too; without it the others are in order
                log::info("display lost its VM", {{"desktop", id_.str()}, {"detail", bounded(detail)}});
                offer_source_later();
              },
          .on_picture = [this](const wire::Picture& picture) { on_display_picture(picture); },
          .on_gone = [this] { on_display_gone(); },
      });
}

std::optional<std::uint32_t> Desktop::display_user() const {
  if (!services_.first_uid) return std::nullopt;
  return *services_.first_uid + slot_;
}

void Desktop::offer_source_later() {
  source_timer_ = services_.loop.after(services_.times.source_again, [this] { offer_source(); });
}

void Desktop::offer_source() {
  if (!running_ || stopping_ || !display_ || !display_->ready()) return;
  auto job = [&hypervisor = services_.hypervisor, id = id_, user = display_user()] {
    return hypervisor.display(id, user);
  };
  services_.hypervisor_worker.run(std::move(job), [self = shared_from_this()](const Result<UniqueFd>& socket) {
    if (!self->running_ || !self->display_) return;
    wire::ToDisplay message;
    message.mutable_source()->set_heads(self->heads());
    Result<void> sent;
    if (socket) {
      sent = self->display_->send(message, socket->get());
    } else {
      sent = std::unexpected(socket.error());
    }
    if (sent) return;
    log::warning("display gets no picture", {{"desktop", self->id_.str()}, {"reason", sent.error().message}});
    self->offer_source_later();
  });
}

Result<std::string> Desktop::arm(const wire::OpenDisplay& request) {
  const wire::ActualDesktop now = actual();
  if (now.state() == wire::DESKTOP_STATE_FAILED) return fail(Errc::kIo, "desktop failed: " + now.detail());
  if (now.state() == wire::DESKTOP_STATE_STARTING) return fail(Errc::kUnavailable, "desktop is starting");
  if (now.state() != wire::DESKTOP_STATE_RUNNING || stopping_)
    return fail(Errc::kUnavailable, "desktop is not running");
  if (!display_ || !display_->ready()) return fail(Errc::kUnavailable, "the display process is starting");
  wire::ToDisplay message;
  wire::Arm& arm = *message.mutable_arm();
  arm.set_session_id(request.session_id());
  arm.set_ticket_sha256(request.ticket_sha256());
  arm.set_valid_seconds(request.valid_seconds());
  *arm.mutable_grant() = request.grant();
  TOBARI_TRY(display_->send(message));
  return display_->fingerprint();
}

Result<void> Desktop::client(const std::string& session, const std::string& address, int descriptor) {
  if (!display_) return fail(Errc::kUnavailable, "there is no display process");
  wire::ToDisplay message;
  message.mutable_client()->set_session_id(session);
  message.mutable_client()->set_address(address);
  return display_->send(message, descriptor);
}

void Desktop::drop(const std::string& session, const std::string& reason) {
  if (!display_ || !display_->ready()) return;  // with the process its connections have gone
  wire::ToDisplay message;
  message.mutable_drop()->set_session_id(session);
  message.mutable_drop()->set_reason(bounded(reason));
  const auto sent = display_->send(message);
  if (!sent) log::warning("session is not told to end", {{"session", session}, {"reason", sent.error().message}});
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
  if (session.kind() == wire::Session::CONNECTED) connected_session_ = session.session_id();
  if (session.kind() == wire::Session::DISCONNECTED && session.session_id() == connected_session_) {
    connected_session_.clear();
  }
  wire::Session report = session;
  report.set_client_address(bounded(session.client_address()));
  report.set_client_name(bounded(session.client_name()));
  report.set_detail(bounded(session.detail()));
  services_.on_session(id_, report);
}

// Nobody else can say it any more.
void Desktop::on_display_gone() {
  source_timer_.reset();
  for (const Wish& wish : std::exchange(thumbnails_, {})) {
    services_.on_thumbnail(wish.request_id, fail(Errc::kUnavailable, "the display process has ended"));
  }
  if (!connected_session_.empty()) {
    wire::Session session;
    session.set_session_id(std::exchange(connected_session_, {}));
    session.set_kind(wire::Session::DISCONNECTED);
    session.set_detail("display process ended");
    services_.on_session(id_, session);
  }
  services_.changed();
}

}  // namespace tobari::vmhost
