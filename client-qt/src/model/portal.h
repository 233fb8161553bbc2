// SPDX-License-Identifier: GPL-3.0-or-later
// The address of a broker as people type it.
#pragma once

#include <QString>
#include <QUrl>

#include "model/failure.h"

namespace tobari::client {

class Portal {
 public:
  // "desk.example", "desk.example:8443", "https://desk.example/", "[::1]:8443". Only https: a password goes there.
  [[nodiscard]] static Outcome<Portal> parse(const QString& typed);

  [[nodiscard]] QUrl api(const QString& path) const;  // path without a leading slash: "login"; may end in a query
  [[nodiscard]] QString name() const;                 // "desk.example" or "desk.example:8443": shown and remembered

 private:
  explicit Portal(QUrl origin) : origin_(std::move(origin)) {}

  QUrl origin_;  // scheme, host and port only
};

}  // namespace tobari::client
