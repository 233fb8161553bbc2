// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/look.h"

#include <QAccessible>
#include <QAccessibleEvent>
#include <QLabel>
#include <QPalette>

namespace tobari::client::look {
namespace {

constexpr int kDark = 128;  // of 255: below it a window's background is dark

QPalette problem_palette(QPalette palette) {
  const bool dark = palette.color(QPalette::Window).lightness() < kDark;
  // Both have more than 4.5:1 against the background (WCAG 2.2, 1.4.3).
  palette.setColor(QPalette::WindowText, dark ? QColor(255, 138, 128) : QColor(176, 0, 32));
  return palette;
}

}  // namespace

QLabel* title(const QString& text, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  QFont font = label->font();
  font.setPointSizeF(font.pointSizeF() * 1.6);
  font.setWeight(QFont::DemiBold);
  label->setFont(font);
  return label;
}

QWidget* gap(int height, QWidget* parent) {
  auto* widget = new QWidget(parent);
  widget->setFixedHeight(height);
  return widget;
}

QLabel* problem_label(QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setWordWrap(true);
  label->setTextFormat(Qt::PlainText);  // some of it was written by a server
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  label->hide();
  return label;
}

void set_problem(QLabel* label, const QString& text) {
  label->setPalette(problem_palette(label->parentWidget()->palette()));
  label->setText(text);
  label->setVisible(!text.isEmpty());
  label->setAccessibleName(text);
  if (text.isEmpty()) return;
  QAccessibleEvent alert(label, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

}  // namespace tobari::client::look
