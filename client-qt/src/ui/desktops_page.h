// SPDX-License-Identifier: GPL-3.0-or-later
// The desktops of the user who is signed in.
#pragma once

#include <QList>
#include <QWidget>

#include "model/messages.h"

class QLabel;
class QListWidget;
class QPushButton;

namespace tobari::client {

class DesktopsPage : public QWidget {
  Q_OBJECT
 public:
  explicit DesktopsPage(QWidget* parent = nullptr);

  void set_user(const QString& user, const QString& portal);
  void set_desktops(const QList<Desktop>& desktops);
  // A JPEG; what is none, or larger than a thumbnail can be, is not shown.
  void set_thumbnail(const QString& desktop, const QByteArray& jpeg);
  void show_problem(const QString& text);
  [[nodiscard]] const QList<Desktop>& desktops() const { return desktops_; }

 signals:
  void connect_wanted(const tobari::client::Desktop& desktop);
  void refresh_wanted();
  void sign_out_wanted();

 private:
  void connect_current();
  void update_button();

  QList<Desktop> desktops_;
  QLabel* who_;
  QListWidget* list_;
  QLabel* nothing_;
  QLabel* problem_;
  QPushButton* connect_;
};

}  // namespace tobari::client
