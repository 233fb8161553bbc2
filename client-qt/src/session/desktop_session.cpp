// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/desktop_session.h"

#include <utility>

#include <QUuid>

#include <tobari/base/log.h>

namespace tobari::client {
namespace {

Failure session_failure(const QString& text) {
  return Failure{.kind = FailureKind::kSession, .text = text, .retry_after = {}, .fingerprint = {}};
}

// Why a display ended for good; empty for what a new connection may cure.
QString final_text(DisplayEnd reason) {
  switch (reason) {
    case DisplayEnd::kWrongCertificate:
      return QStringLiteral(
          "Something else than your desktop answered, so the connection was closed before anything "
          "was sent. Try again from another network; tell your administrator if it stays so.");
    case DisplayEnd::kTakenOver:
      return QStringLiteral("Your desktop is now open on another device. Connect again to continue here.");
    case DisplayEnd::kIdle:
      return QStringLiteral(
          "The connection was closed after a long time without input. Your desktop still runs; connect "
          "again to go on.");
    case DisplayEnd::kClosed:
      return QStringLiteral("The connection was closed by the server. Connect again, or ask your administrator.");
    case DisplayEnd::kUnreachable:
    case DisplayEnd::kRefused:
    case DisplayEnd::kDropped:
      break;
  }
  return {};
}

// A lost answer is asked for again with the same one.
QByteArray new_request() { return QUuid::createUuid().toByteArray(QUuid::WithoutBraces); }

bool worth_retrying(FailureKind kind) {
  return kind == FailureKind::kNetwork || kind == FailureKind::kBusy || kind == FailureKind::kServer;
}

}  // namespace

DesktopSession::DesktopSession(BrokerApi& api, Desktop desktop, DisplayFactory factory, QObject* parent)
    : QObject(parent), api_(api), desktop_(std::move(desktop)), factory_(std::move(factory)) {
  retry_.setSingleShot(true);
  connect(&retry_, &QTimer::timeout, this, [this] { ask(); });
}

DesktopSession::~DesktopSession() { stop(); }

void DesktopSession::start(QSize size, std::uint32_t scale_percent) {
  size_ = size;
  scale_percent_ = scale_percent;
  shown_.reset();
  refused_in_a_row_ = 0;
  starting_since_.invalidate();
  backoff_.reset();
  (void)backoff_.next();  // this is the first try
  request_ = new_request();
  enter(State::kAsking);
  ask();
}

void DesktopSession::stop() {
  if (state_ == State::kEnded) return;  // nothing is under way, and `api_` may be busy for others, or gone
  state_ = State::kEnded;
  retry_.stop();
  api_.cancel();
  drop_display();
}

void DesktopSession::send(const Input& input) {
  if (const auto* resize = std::get_if<ResizeInput>(&input)) {
    size_ = resize->size;  // for the next connection as well
    scale_percent_ = resize->scale_percent;
  }
  if (state_ == State::kShowing) display_->send(input);
}

void DesktopSession::enter(State state) {
  if (std::exchange(state_, state) != state) emit state_changed(state);
}

void DesktopSession::ask() {
  const auto done = [this](Outcome<Connection> answer) { on_answer(std::move(answer)); };
  if (!desktop_.of_pool) return api_.connect_desktop(desktop_.id, done);
  api_.connect_pool(desktop_.id, request_, done);
}

void DesktopSession::ask_after(std::chrono::milliseconds wait) { retry_.start(wait); }

void DesktopSession::on_answer(Outcome<Connection> answer) {
  if (answer) return open(*answer);
  const Failure& failure = answer.error();
  if (failure.kind == FailureKind::kStarting) {
    if (!starting_since_.isValid()) starting_since_.start();
    if (starting_since_.durationElapsed() > kMaxStartWait) {
      return finish(session_failure(QStringLiteral("Your desktop does not start. Tell your administrator.")));
    }
    if (state_ != State::kReconnecting) enter(State::kStarting);
    return ask_after(failure.retry_after);
  }
  if (state_ == State::kReconnecting && worth_retrying(failure.kind)) return ask_after(backoff_.next());
  finish(failure);
}

void DesktopSession::open(const Connection& connection) {
  starting_since_.invalidate();
  if (state_ != State::kReconnecting) enter(State::kConnecting);
  display_ = factory_();
  connect(display_.get(), &RemoteDisplay::first_picture, this, &DesktopSession::on_first_picture);
  connect(display_.get(), &RemoteDisplay::frame_changed, this, [this] {
    if (state_ == State::kShowing) emit frame_changed();
  });
  connect(display_.get(), &RemoteDisplay::pointer_changed, this, &DesktopSession::pointer_changed);
  connect(display_.get(), &RemoteDisplay::ended, this, &DesktopSession::on_display_ended);
  display_->start(DisplayTarget{.connection = connection, .size = size_, .scale_percent = scale_percent_});
}

void DesktopSession::on_first_picture() {
  backoff_.reset();
  refused_in_a_row_ = 0;
  request_ = new_request();  // what was asked for is here
  shown_ = display_->frame();
  emit frame_replaced();
  enter(State::kShowing);
}

void DesktopSession::on_display_ended(DisplayEnd reason) {
  log::info("display ended",
            {{"desktop", desktop_.id.toStdString()}, {"reason", std::to_string(std::to_underlying(reason))}});
  drop_display();
  if (const QString text = final_text(reason); !text.isEmpty()) return finish(session_failure(text));
  if (reason == DisplayEnd::kRefused && ++refused_in_a_row_ >= kMaxRefusedInARow) {
    return finish(
        session_failure(QStringLiteral("The desktop did not let you in. Sign out, sign in again and connect; "
                                       "if that does not help, tell your administrator.")));
  }
  try_again(
      QStringLiteral("Your desktop could not be reached. Check your network connection and try again; if that does "
                     "not help, tell your administrator."));
}

// A desktop that was on the glass is waited for until the person gives up; one that never was, a few times.
void DesktopSession::try_again(const QString& text_if_no_more) {
  if (shown_ == nullptr && backoff_.tries() >= kMaxFirstTries) return finish(session_failure(text_if_no_more));
  if (shown_ != nullptr) enter(State::kReconnecting);
  ask_after(backoff_.next());
}

void DesktopSession::finish(const Failure& why) {
  enter(State::kEnded);
  emit ended(why);
}

void DesktopSession::drop_display() {
  if (!display_) return;
  display_->disconnect(this);
  display_->stop();
  display_.release()->deleteLater();  // we may have been called out of one of its signals
}

}  // namespace tobari::client
