// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/device_identity.h"

#include <QFile>

#include <tobari/net/pki.h>

namespace tobari::client {
namespace {

std::expected<QByteArray, QString> read_small(const QString& name) {
  QFile file(name);
  if (!file.open(QIODevice::ReadOnly)) {
    return std::unexpected(QStringLiteral("cannot read %1: %2").arg(name, file.errorString()));
  }
  QByteArray text = file.read(static_cast<qint64>(net::kMaxCertificateBytes) + 1);
  if (static_cast<std::size_t>(text.size()) > net::kMaxCertificateBytes) {
    return std::unexpected(QStringLiteral("%1 is larger than 64 KiB").arg(name));
  }
  return text;
}

}  // namespace

std::expected<DeviceIdentity, QString> read_device_identity(const QString& certificate_file, const QString& key_file) {
  const auto certificate = read_small(certificate_file);
  if (!certificate) return std::unexpected(certificate.error());
  const auto key = read_small(key_file);
  if (!key) return std::unexpected(key.error());
  if (QFile::permissions(key_file) & (QFileDevice::ReadOther | QFileDevice::WriteOther)) {
    return std::unexpected(QStringLiteral("everybody may read the key in %1: chmod o-rwx it, and take a new key if it "
                                          "was so for long")
                               .arg(key_file));
  }
  DeviceIdentity identity{.chain = QSslCertificate::fromData(*certificate, QSsl::Pem), .key = {}};
  if (identity.chain.isEmpty()) {
    return std::unexpected(QStringLiteral("there is no certificate in %1").arg(certificate_file));
  }
  if (const auto pair = net::check_pair({key->toStdString(), certificate->toStdString()}); !pair) {
    return std::unexpected(QStringLiteral("the key in %1 cannot be used for the certificate in %2: %3")
                               .arg(key_file, certificate_file, QString::fromStdString(pair.error().message)));
  }
  for (const QSsl::KeyAlgorithm algorithm : {QSsl::Ec, QSsl::Rsa}) {
    identity.key = QSslKey(*key, algorithm, QSsl::Pem);
    if (!identity.key.isNull()) return identity;
  }
  return std::unexpected(QStringLiteral("the key in %1 is neither RSA nor EC").arg(key_file));
}

}  // namespace tobari::client
