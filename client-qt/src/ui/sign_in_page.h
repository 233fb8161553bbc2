// SPDX-License-Identifier: GPL-3.0-or-later
// Address, user, password.
#pragma once

#include <QWidget>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace tobari::client {

class SignInPage : public QWidget {
  Q_OBJECT
 public:
  explicit SignInPage(QWidget* parent = nullptr);

  void fill(const QStringList& addresses, const QString& user);
  void set_address(const QString& address);
  void set_user(const QString& user);
  void set_password(const QString& password);
  void clear_password();
  void set_busy(bool busy);
  void show_problem(const QString& text);  // empty: none
  void focus_first_empty();
  void submit();

  [[nodiscard]] QString address() const;
  [[nodiscard]] QString user() const;
  [[nodiscard]] QString password() const;

 signals:
  void submitted();
  void cancelled();

 private:
  QComboBox* address_;
  QLineEdit* user_;
  QLineEdit* password_;
  QLabel* problem_;
  QPushButton* button_;
  bool busy_ = false;
};

}  // namespace tobari::client
