// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong, for two readers: the program decides by `kind`, the person in front of the screen reads `text`.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <utility>

#include <QString>

namespace tobari::client {

enum class FailureKind : std::uint8_t {
  kNetwork,             // nobody answered
  kUnknownCertificate,  // first visit: a person has to compare `fingerprint`
  kChangedCertificate,  // not the certificate that was remembered or given: never go on
  kWrongPassword,
  kSignedOut,   // the sign-in is over; a new one is needed
  kNotAllowed,  // and asking again does not change it
  kNotFound,
  kStarting,  // ask again after `retry_after`
  kBusy,      // ask again after `retry_after`
  kServer,    // the server's fault
  kBadReply,  // what answered does not speak our protocol
  kSession,   // the desktop session ended; the text says why
};

struct Failure {
  FailureKind kind = FailureKind::kServer;
  QString text;                         // whole sentences; the last says what to do next; never a secret
  std::chrono::seconds retry_after{0};  // kStarting and kBusy
  QString fingerprint;                  // kUnknownCertificate and kChangedCertificate: 64 hex digits, what was shown
};

template <class T>
using Outcome = std::expected<T, Failure>;

[[nodiscard]] inline std::unexpected<Failure> failed(FailureKind kind, QString text) {
  return std::unexpected<Failure>(Failure{.kind = kind, .text = std::move(text), .retry_after = {}, .fingerprint = {}});
}

}  // namespace tobari::client
