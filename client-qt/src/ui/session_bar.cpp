// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace tobari::client {
namespace {

constexpr int kStayMs = 2500;
constexpr int kGoMs = 400;
constexpr int kBarMargin = 6;

}  // namespace

SessionBar::SessionBar(const QString& desktop_name, QWidget* parent) : QWidget(parent) {
  setAutoFillBackground(true);
  setAccessibleName(tr("Session bar"));
  setCursor(Qt::ArrowCursor);

  auto* name = new QLabel(desktop_name, this);
  name->setTextFormat(Qt::PlainText);
  QFont bold = name->font();
  bold.setBold(true);
  name->setFont(bold);
  auto* hint = new QLabel(tr("Ctrl+Alt+Enter leaves full screen"), this);
  auto* leave = new QPushButton(tr("Leave full screen"), this);
  auto* end = new QPushButton(tr("Disconnect"), this);
  end->setToolTip(tr("Your desktop stays as it is"));
  for (QPushButton* button : {leave, end}) button->setFocusPolicy(Qt::NoFocus);  // keys are the desktop's
  connect(leave, &QPushButton::clicked, this, &SessionBar::leave_full_screen_wanted);
  connect(end, &QPushButton::clicked, this, &SessionBar::disconnect_wanted);

  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(kBarMargin * 2, kBarMargin, kBarMargin, kBarMargin);
  row->addWidget(name);
  row->addSpacing(kBarMargin * 2);
  row->addWidget(hint);
  row->addSpacing(kBarMargin * 2);
  row->addWidget(leave);
  row->addWidget(end);

  hide_timer_.setSingleShot(true);
  connect(&hide_timer_, &QTimer::timeout, this, &QWidget::hide);
  parent->installEventFilter(this);
  hide();
}

void SessionBar::place() {
  adjustSize();
  move((parentWidget()->width() - width()) / 2, 0);
}

bool SessionBar::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize) place();
  return QWidget::eventFilter(watched, event);
}

void SessionBar::appear() {
  place();
  raise();
  show();
  hide_timer_.start(kStayMs);
}

void SessionBar::disappear_soon() {
  if (isVisible() && !underMouse()) hide_timer_.start(kGoMs);
}

void SessionBar::enterEvent(QEnterEvent* /*event*/) { hide_timer_.stop(); }
void SessionBar::leaveEvent(QEvent* /*event*/) { hide_timer_.start(kGoMs); }

}  // namespace tobari::client
