// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/history.h"

#include <QSettings>

namespace tobari::client {
namespace {

constexpr auto kAddresses = "signin/addresses";
constexpr auto kUser = "signin/user";

}  // namespace

QStringList History::addresses() const { return settings_.value(kAddresses).toStringList().mid(0, kMaxAddresses); }

QString History::user() const { return settings_.value(kUser).toString(); }

void History::remember(const QString& address, const QString& user) {
  QStringList list = addresses();
  list.removeAll(address);
  list.prepend(address);
  settings_.setValue(kAddresses, list.mid(0, kMaxAddresses));
  settings_.setValue(kUser, user);
}

}  // namespace tobari::client
