// SPDX-License-Identifier: GPL-3.0-or-later
// The slim bar at the top of a full-screen session: which desktop this is, and the way out.
#pragma once

#include <QTimer>
#include <QWidget>

namespace tobari::client {

class SessionBar : public QWidget {
  Q_OBJECT
 public:
  SessionBar(const QString& desktop_name, QWidget* parent);

  void appear();  // goes by itself after a while
  void disappear_soon();

 signals:
  void disconnect_wanted();
  void leave_full_screen_wanted();

 protected:
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void place();

  QTimer hide_timer_;
};

}  // namespace tobari::client
