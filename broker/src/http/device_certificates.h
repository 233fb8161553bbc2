// SPDX-License-Identifier: GPL-3.0-or-later
// Asks whoever connects to the portal for the certificate of their device, and says which one holds. One that does not
// hold ends no connection: it counts as none. What is proven is that the peer had the device's key in this handshake;
// nothing is resumed, so it is proven anew on every connection.
//
// Certificates hold for TLS clients (extended key usage), by time, and through at most kMaxIntermediates others to one
// that is configured; that one may itself be below another authority (RFC 5280, any trust anchor).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/request.h>

struct ssl_st;
struct ssl_ctx_st;

namespace tobari::broker {

// Whose certificates count, and what rules call it.
struct DeviceAuthority {
  std::string name;
  std::string certificates_pem;  // of authorities, one or several
  std::string file;              // for messages
};

// What a connection proved when it began.
struct ShownDevice {
  policy::DeviceCertificate certificate;
  std::chrono::system_clock::time_point until;  // the first certificate of its chain ends

  // A connection may live longer than what it showed: that is then none.
  [[nodiscard]] policy::DeviceCertificate at(std::chrono::system_clock::time_point now) const {
    return now < until ? certificate : policy::DeviceCertificate{};
  }
};

// One thread at a time.
class DeviceCertificates {
 public:
  static constexpr std::size_t kMaxAuthorities = 16;
  static constexpr std::size_t kMaxCertificates = 16;  // an authority
  // Of all subjects together, which every client is sent: Windows' TLS takes no more than 12 KiB of them.
  static constexpr std::size_t kMaxSubjectBytes = std::size_t{12} * 1024;
  static constexpr int kMaxIntermediates = 4;
  static constexpr long kMaxShownBytes =
      32L * 1024;  // of the chain that a client sends; a longer one ends the handshake
  static constexpr std::chrono::seconds kLogEvery{10};

  // kInvalidArgument names the file and says what to do: no certificate, one that is no authority's, the same key under
  // two names, too many.
  [[nodiscard]] static Result<std::unique_ptr<DeviceCertificates>> create(const std::vector<DeviceAuthority>& from);
  ~DeviceCertificates();
  DeviceCertificates(const DeviceCertificates&) = delete;
  DeviceCertificates& operator=(const DeviceCertificates&) = delete;

  // Before the first connection. This object must outlive `server`.
  [[nodiscard]] Result<void> ask_in(ssl_ctx_st& server) const;
  // After a handshake. Why a certificate does not hold goes to the log, at most one line every kLogEvery.
  [[nodiscard]] ShownDevice shown_by(const ssl_st& connection, const std::string& client);

 private:
  struct Trusted;
  explicit DeviceCertificates(std::unique_ptr<Trusted> trusted);
  void log_refused(const ssl_st& connection, const std::string& client, const char* why);

  std::unique_ptr<Trusted> trusted_;
  std::optional<std::chrono::steady_clock::time_point> logged_at_;
  std::uint64_t unlogged_ = 0;
};

}  // namespace tobari::broker
