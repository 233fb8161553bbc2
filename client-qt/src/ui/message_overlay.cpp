// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/message_overlay.h"

#include <QEvent>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace tobari::client {
namespace {

constexpr int kCardWidth = 420;
constexpr int kPadding = 24;
constexpr int kShade = 130;  // of 255

}  // namespace

MessageOverlay::MessageOverlay(QWidget* parent) : QWidget(parent) {
  auto* card = new QFrame(this);
  card->setAutoFillBackground(true);
  card->setFrameShape(QFrame::StyledPanel);
  card->setFixedWidth(kCardWidth);

  text_ = new QLabel(card);
  text_->setWordWrap(true);
  text_->setTextFormat(Qt::PlainText);  // some of it was written by a server
  text_->setAlignment(Qt::AlignCenter);
  busy_ = new QProgressBar(card);
  busy_->setRange(0, 0);
  busy_->setTextVisible(false);
  busy_->setAccessibleName(tr("Working"));
  again_ = new QPushButton(card);
  again_->setDefault(true);
  again_->setAutoDefault(true);
  cancel_ = new QPushButton(card);
  cancel_->setAutoDefault(true);
  connect(again_, &QPushButton::clicked, this, &MessageOverlay::again);
  connect(cancel_, &QPushButton::clicked, this, &MessageOverlay::cancelled);

  auto* buttons = new QHBoxLayout;
  buttons->addStretch();
  buttons->addWidget(cancel_);
  buttons->addWidget(again_);
  auto* column = new QVBoxLayout(card);
  column->setContentsMargins(kPadding, kPadding, kPadding, kPadding);
  column->setSpacing(kPadding * 2 / 3);
  column->addWidget(text_);
  column->addWidget(busy_);
  column->addLayout(buttons);
  auto* centre = new QVBoxLayout(this);
  centre->addWidget(card, 0, Qt::AlignCenter);

  parent->installEventFilter(this);
  hide();
}

void MessageOverlay::show_progress(const QString& text) { present(text, true, {}, tr("Cancel")); }

void MessageOverlay::show_ending(const QString& text, const QString& again) {
  present(text, false, again, tr("Close"));
}

void MessageOverlay::present(const QString& text, bool busy, const QString& again_text, const QString& cancel_text) {
  text_->setText(text);
  setAccessibleName(text);
  busy_->setVisible(busy);
  again_->setVisible(!again_text.isEmpty());
  again_->setText(again_text);
  cancel_->setText(cancel_text);
  setGeometry(parentWidget()->rect());
  raise();
  show();
  (again_text.isEmpty() ? cancel_ : again_)->setFocus();
}

void MessageOverlay::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.fillRect(rect(), QColor(0, 0, 0, kShade));
}

bool MessageOverlay::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize && isVisible()) setGeometry(parentWidget()->rect());
  return QWidget::eventFilter(watched, event);
}

}  // namespace tobari::client
