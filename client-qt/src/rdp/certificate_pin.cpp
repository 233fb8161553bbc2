// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/certificate_pin.h"

#include <algorithm>

#include <QByteArray>
#include <QCryptographicHash>

namespace tobari::client {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr std::size_t kMaxPem = std::size_t{64} * 1024;
constexpr qsizetype kFingerprintDigits = 64;

}  // namespace

bool certificate_matches(std::string_view pem, std::string_view fingerprint) {
  if (pem.size() > kMaxPem || fingerprint.size() != kFingerprintDigits) return false;
  const auto begin = pem.find(kBegin);
  if (begin == std::string_view::npos) return false;
  const auto start = begin + kBegin.size();
  const auto end = pem.find(kEnd, start);
  if (end == std::string_view::npos) return false;

  QByteArray base64(pem.data() + start, static_cast<qsizetype>(end - start));
  base64.removeIf([](char c) { return c == '\n' || c == '\r'; });
  const auto der = QByteArray::fromBase64Encoding(base64, QByteArray::AbortOnBase64DecodingErrors);
  if (!der || der.decoded.isEmpty()) return false;
  const QByteArray digest = QCryptographicHash::hash(der.decoded, QCryptographicHash::Sha256).toHex();
  return std::ranges::equal(digest, fingerprint);
}

}  // namespace tobari::client
