// SPDX-License-Identifier: GPL-3.0-or-later
// What the sign-in page offers the next time: addresses and the last user name. Never a password.
#pragma once

#include <QString>
#include <QStringList>

class QSettings;

namespace tobari::client {

class History {
 public:
  static constexpr qsizetype kMaxAddresses = 10;

  // `settings` outlives this object.
  explicit History(QSettings& settings) : settings_(settings) {}

  [[nodiscard]] QStringList addresses() const;  // the last used first
  [[nodiscard]] QString user() const;
  void remember(const QString& address, const QString& user);

 private:
  QSettings& settings_;
};

}  // namespace tobari::client
