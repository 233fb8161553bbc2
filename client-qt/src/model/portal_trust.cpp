// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/portal_trust.h"

#include <QCryptographicHash>
#include <QSettings>
#include <QStringList>

namespace tobari::client {
namespace {

constexpr qsizetype kFingerprintDigits = 64;

// A settings key may not contain a slash, and colons of IPv6 addresses are fine.
QString key_of(const QString& portal) { return QStringLiteral("portals/") + portal + QStringLiteral("/sha256"); }

}  // namespace

QString fingerprint_of(const QSslCertificate& certificate) {
  return QString::fromLatin1(certificate.digest(QCryptographicHash::Sha256).toHex());
}

QString normalized_fingerprint(const QString& typed) {
  QString digits;
  for (const QChar c : typed) {
    if (c == QLatin1Char(':') || c.isSpace()) continue;
    const QChar lower = c.toLower();
    const bool hex = (lower >= QLatin1Char('0') && lower <= QLatin1Char('9')) ||
                     (lower >= QLatin1Char('a') && lower <= QLatin1Char('f'));
    if (!hex || digits.size() == kFingerprintDigits) return {};
    digits += lower;
  }
  return digits.size() == kFingerprintDigits ? digits : QString();
}

QString readable_fingerprint(const QString& fingerprint) {
  constexpr qsizetype kBytesInALine = 8;
  QStringList lines;
  for (qsizetype line = 0; line * kBytesInALine * 2 < fingerprint.size(); ++line) {
    QStringList bytes;
    for (qsizetype byte = 0; byte < kBytesInALine; ++byte) {
      bytes << fingerprint.mid((line * kBytesInALine + byte) * 2, 2).toUpper();
    }
    lines << bytes.join(QLatin1Char(':'));
  }
  return lines.join(QLatin1Char('\n'));
}

PortalTrust::Verdict PortalTrust::judge(const QString& portal, const QString& fingerprint, bool chain_valid) const {
  const QString pin = pinned(portal);
  if (!pin.isEmpty()) return pin == fingerprint ? Verdict::kTrusted : Verdict::kChanged;
  if (chain_valid) return Verdict::kTrusted;
  // Who named a CA said whom to trust; asking a person instead would only teach them to click it away.
  return roots_.isEmpty() ? Verdict::kUnknown : Verdict::kChanged;
}

void PortalTrust::remember(const QString& portal, const QString& fingerprint) {
  settings_.setValue(key_of(portal), fingerprint);
}

void PortalTrust::forget(const QString& portal) { settings_.remove(key_of(portal)); }

QString PortalTrust::pinned(const QString& portal) const {
  if (!required_.isEmpty()) return required_;
  if (!roots_.isEmpty()) return {};
  return normalized_fingerprint(settings_.value(key_of(portal)).toString());
}

}  // namespace tobari::client
