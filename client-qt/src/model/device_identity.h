// SPDX-License-Identifier: GPL-3.0-or-later
// The certificate and key that this device shows to brokers that ask for them. The key is a secret and stays in memory.
#pragma once

#include <expected>

#include <QList>
#include <QSslCertificate>
#include <QSslKey>
#include <QString>

namespace tobari::client {

struct DeviceIdentity {
  QList<QSslCertificate> chain;  // its own first; empty: it shows none
  QSslKey key;
};

// Two PEM files; the key is RSA or EC, without a passphrase, and not readable for everybody. The error is a sentence.
[[nodiscard]] std::expected<DeviceIdentity, QString> read_device_identity(const QString& certificate_file,
                                                                          const QString& key_file);

}  // namespace tobari::client
