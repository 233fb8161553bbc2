// SPDX-License-Identifier: GPL-3.0-or-later
// Keys and certificates as plain text values: a key is PKCS#8 PEM, a certificate X.509 PEM, both P-256 with SHA-256.
// No OpenSSL type leaves src/net. Every function may be called from any thread; those that make keys or certificates
// take the kernel's randomness. Key PEM is a secret: never into a log or an error message.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::net {

using Der = std::vector<std::byte>;

inline constexpr std::size_t kMaxCertificateBytes = std::size_t{64} * 1024;  // PEM or DER, certificate or request

struct Identity {
  std::string key_pem;
  std::string certificate_pem;
};

// Whom a certificate names. IP addresses as text, v4 or v6; `uri` empty: none.
struct CertificateNames {
  std::string common_name;  // for people only; at most 64 characters
  std::string uri;
  std::vector<std::string> dns;
  std::vector<std::string> ips;
};

// What a certificate says, unverified.
struct CertificateInfo {
  std::string common_name;
  std::vector<std::string> uris;
  std::vector<std::string> dns;
  std::vector<std::string> ips;
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
  std::string serial_hex;
  bool is_ca = false;
};

// ---- keys and requests
[[nodiscard]] Result<std::string> make_key();
// PKCS#10; proves possession of the key and names nobody but `common_name`, which the issuer ignores.
[[nodiscard]] Result<Der> make_request(std::string_view key_pem, std::string_view common_name);

// ---- making certificates. Valid from five minutes ago (clocks differ) for `days` from `now`.
struct Validity {
  std::chrono::system_clock::time_point now;
  int days = 1;  // 1-36500
};
[[nodiscard]] Result<Identity> make_ca(const std::string& common_name, Validity validity);
// With a key of its own: a display's, a demo portal's.
[[nodiscard]] Result<Identity> make_self_signed(const CertificateNames& names, Validity validity);
// Signs for the key in `request` (checked: its signature, P-256, at most 64 KiB). The names are those given here; what
// the request asks for is ignored. Usable as TLS client and server. kPeerProtocol when the request is malformed.
[[nodiscard]] Result<std::string> issue(const Identity& ca, std::span<const std::byte> request,
                                        const CertificateNames& names, Validity validity);
// Key, request and certificate in one go, for the CA holder's own servers.
[[nodiscard]] Result<Identity> issue_with_new_key(const Identity& ca, const CertificateNames& names, Validity validity);

// ---- reading certificates. kInvalidArgument when the text or bytes are none.
[[nodiscard]] Result<CertificateInfo> inspect(std::string_view certificate_pem);
// SHA-256 over the DER, 64 lower-case hex digits: what clients pin.
[[nodiscard]] Result<std::string> fingerprint(std::string_view certificate_pem);
[[nodiscard]] Result<Der> certificate_to_der(std::string_view certificate_pem);
[[nodiscard]] Result<std::string> certificate_from_der(std::span<const std::byte> der);

// Was issued by `ca_pem` and is valid at `now`; otherwise kUnauthenticated with the reason.
[[nodiscard]] Result<void> verify(std::string_view certificate_pem, std::string_view ca_pem,
                                  std::chrono::system_clock::time_point now);
// The key belongs to the certificate; otherwise kInvalidArgument.
[[nodiscard]] Result<void> check_pair(const Identity& identity);
// The certificate's URI when it has exactly one and no other kind of name; otherwise kUnauthenticated.
[[nodiscard]] Result<std::string> only_uri(std::string_view certificate_pem);

}  // namespace tobari::net
