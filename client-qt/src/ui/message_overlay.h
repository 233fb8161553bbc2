// SPDX-License-Identifier: GPL-3.0-or-later
// A card over the picture: what is going on, and what can be done. Covers its parent; the picture shines through.
#pragma once

#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;

namespace tobari::client {

class MessageOverlay : public QWidget {
  Q_OBJECT
 public:
  explicit MessageOverlay(QWidget* parent);

  void show_progress(const QString& text);                      // with "Cancel"
  void show_ending(const QString& text, const QString& again);  // with `again` and "Close"

 signals:
  void cancelled();
  void again();

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void present(const QString& text, bool busy, const QString& again_text, const QString& cancel_text);

  QLabel* text_;
  QProgressBar* busy_;
  QPushButton* again_;
  QPushButton* cancel_;
};

}  // namespace tobari::client
