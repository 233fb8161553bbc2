// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the certificate that a portal shows is the one we want to talk to. In this order:
//   1. a fingerprint given on the command line, or remembered for this address: that certificate and no other;
//   2. a CA file given on the command line: what it signed, for this host name;
//   3. the CAs of this machine, for this host name;
//   4. none of these: a person compares the fingerprint once, and it is remembered (see remember()).
// Certificates are no secrets, so remembering them in a settings file is fine.
#pragma once

#include <QList>
#include <QSslCertificate>
#include <QString>

class QSettings;

namespace tobari::client {

// SHA-256 over the DER form, 64 lower-case hex digits: the form of the REST interface.
[[nodiscard]] QString fingerprint_of(const QSslCertificate& certificate);
// The same 64 digits out of what a person typed or pasted (colons, spaces, upper case); empty when it is not one.
[[nodiscard]] QString normalized_fingerprint(const QString& typed);
// "3F:A2:…" in four lines of eight bytes: what people compare.
[[nodiscard]] QString readable_fingerprint(const QString& fingerprint);

class PortalTrust {
 public:
  enum class Verdict { kTrusted, kUnknown, kChanged };

  // `settings` outlives this object.
  explicit PortalTrust(QSettings& settings) : settings_(settings) {}

  void require_fingerprint(const QString& fingerprint) { required_ = fingerprint; }  // from the command line
  void use_ca(QList<QSslCertificate> roots) { roots_ = std::move(roots); }
  [[nodiscard]] const QList<QSslCertificate>& roots() const { return roots_; }  // empty: those of this machine

  // `chain_valid`: TLS found the chain and the host name in order, under roots().
  [[nodiscard]] Verdict judge(const QString& portal, const QString& fingerprint, bool chain_valid) const;

  void remember(const QString& portal, const QString& fingerprint);
  void forget(const QString& portal);

 private:
  [[nodiscard]] QString pinned(const QString& portal) const;

  QSettings& settings_;
  QString required_;
  QList<QSslCertificate> roots_;
};

}  // namespace tobari::client
