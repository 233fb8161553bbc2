// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/portal.h"

namespace tobari::client {
namespace {

constexpr qsizetype kMaxAddressLength = 300;  // a DNS name has at most 253 characters
constexpr int kHttpsPort = 443;

}  // namespace

Outcome<Portal> Portal::parse(const QString& typed) {
  const auto wrong = [](const QString& why) { return failed(FailureKind::kNetwork, why); };
  QString text = typed.trimmed();
  if (text.isEmpty()) return wrong(QStringLiteral("Enter the address of your server, for example desk.example.com."));
  if (text.size() > kMaxAddressLength)
    return wrong(QStringLiteral("This address is too long. Check what you entered."));
  if (!text.contains(QStringLiteral("://"))) text.prepend(QStringLiteral("https://"));

  const QUrl url(text, QUrl::StrictMode);
  if (!url.isValid() || url.host().isEmpty()) {
    return wrong(QStringLiteral("This is not an address. Enter a name such as desk.example.com."));
  }
  if (url.scheme() != QStringLiteral("https")) {
    return wrong(QStringLiteral("Only https addresses are safe for your password. Leave out the part before “://”."));
  }
  if (!url.userInfo().isEmpty() || url.hasQuery() || url.hasFragment() || url.path().size() > 1) {
    return wrong(QStringLiteral("Enter only the name of the server, and its port when it has one."));
  }
  QUrl origin;
  origin.setScheme(QStringLiteral("https"));
  origin.setHost(url.host());
  if (url.port(kHttpsPort) != kHttpsPort) origin.setPort(url.port());
  return Portal(origin);
}

QUrl Portal::api(const QString& path) const {
  QUrl url = origin_;
  url.setPath(QStringLiteral("/api/v1/") + path.section(QLatin1Char('?'), 0, 0));
  if (const QString query = path.section(QLatin1Char('?'), 1); !query.isEmpty()) url.setQuery(query);
  return url;
}

QString Portal::name() const { return origin_.authority(); }

}  // namespace tobari::client
