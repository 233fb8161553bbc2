// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session_window.h"

#include <QCloseEvent>
#include <QScreen>
#include <QVBoxLayout>

#include "ui/desktop_view.h"
#include "ui/message_overlay.h"
#include "ui/session_bar.h"

namespace tobari::client {
namespace {

constexpr QSize kDefaultSize(1280, 800);
constexpr int kResizeSettleMs = 300;

}  // namespace

SessionWindow::SessionWindow(std::unique_ptr<DesktopSession> session, QSize size, bool full_screen)
    : session_(std::move(session)),
      view_(new DesktopView(this)),
      bar_(new SessionBar(session_->desktop().name, this)),
      overlay_(new MessageOverlay(this)) {
  setWindowTitle(tr("%1 – Tobari").arg(session_->desktop().name));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(view_);

  const QSize wanted = (QSizeF(size.isValid() ? size : kDefaultSize) / devicePixelRatioF()).toSize();
  resize(size.isValid() ? wanted : wanted.boundedTo(screen()->availableSize()));
  if (full_screen) setWindowState(windowState() | Qt::WindowFullScreen);
  resize_timer_.setSingleShot(true);
  resize_timer_.setInterval(kResizeSettleMs);
  connect(&resize_timer_, &QTimer::timeout, this, &SessionWindow::wish_size);
  connect(overlay_, &MessageOverlay::cancelled, this, &QWidget::close);
  connect(overlay_, &MessageOverlay::again, this, &SessionWindow::on_again);
  connect(bar_, &SessionBar::disconnect_wanted, this, &QWidget::close);
  connect(bar_, &SessionBar::leave_full_screen_wanted, this, &SessionWindow::toggle_full_screen);
  watch_session();
  watch_view();
}

SessionWindow::~SessionWindow() = default;

void SessionWindow::start() {
  show();
  on_state(session_->state());
  session_->start(view_->device_size(), view_->scale_percent());
}

QImage SessionWindow::grab_picture() const { return view_->grab_picture(); }

void SessionWindow::watch_session() {
  connect(session_.get(), &DesktopSession::state_changed, this, &SessionWindow::on_state);
  connect(session_.get(), &DesktopSession::frame_replaced, this, [this] {
    view_->set_frame(session_->frame());
    emit picture_changed();
  });
  connect(session_.get(), &DesktopSession::frame_changed, this, [this] {
    view_->take_damage();
    emit picture_changed();
  });
  connect(session_.get(), &DesktopSession::pointer_changed, view_, &DesktopView::set_pointer);
  connect(session_.get(), &DesktopSession::ended, this, &SessionWindow::on_ended);
}

void SessionWindow::watch_view() {
  connect(view_, &DesktopView::input, this, [this](const Input& input) { session_->send(input); });
  connect(view_, &DesktopView::full_screen_toggled, this, &SessionWindow::toggle_full_screen);
  connect(view_, &DesktopView::resized, this, [this] { resize_timer_.start(); });
  connect(view_, &DesktopView::top_edge_touched, this, [this] {
    if (isFullScreen()) bar_->appear();
  });
  connect(view_, &DesktopView::pointer_left_top, bar_, &SessionBar::disappear_soon);
}

void SessionWindow::on_state(DesktopSession::State state) {
  const bool showing = state == DesktopSession::State::kShowing;
  view_->set_live(showing);
  switch (state) {
    case DesktopSession::State::kAsking:
    case DesktopSession::State::kConnecting:
      overlay_->show_progress(tr("Connecting to %1…").arg(session_->desktop().name));
      break;
    case DesktopSession::State::kStarting:
      overlay_->show_progress(tr("Your desktop is starting. This can take a few minutes…"));
      break;
    case DesktopSession::State::kReconnecting:
      overlay_->show_progress(tr("The connection was interrupted. Reconnecting…\nYour desktop stays as it is."));
      break;
    case DesktopSession::State::kShowing:
      overlay_->hide();
      view_->setFocus();
      wish_size();
      if (isFullScreen()) bar_->appear();
      break;
    case DesktopSession::State::kEnded:
      break;
  }
}

void SessionWindow::on_ended(const Failure& why) {
  sign_in_over_ = why.kind == FailureKind::kSignedOut;
  overlay_->show_ending(why.text, sign_in_over_ ? tr("Sign in") : tr("Connect again"));
  emit session_failed(why);
}

void SessionWindow::on_again() {
  if (sign_in_over_) {
    emit sign_in_wanted();
    close();
    return;
  }
  session_->start(view_->device_size(), view_->scale_percent());
}

void SessionWindow::toggle_full_screen() {
  setWindowState(windowState() ^ Qt::WindowFullScreen);
  activateWindow();
}

void SessionWindow::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::WindowStateChange) return;
  view_->set_take_all_keys(isFullScreen());
  if (isFullScreen()) {
    bar_->appear();
  } else {
    bar_->hide();
  }
}

void SessionWindow::wish_size() {
  if (session_->frame() != nullptr && session_->frame()->size() == view_->device_size()) return;
  session_->send(ResizeInput{.size = view_->device_size(), .scale_percent = view_->scale_percent()});
}

void SessionWindow::closeEvent(QCloseEvent* event) {
  session_->stop();
  event->accept();
  emit closed();
  deleteLater();
}

}  // namespace tobari::client
