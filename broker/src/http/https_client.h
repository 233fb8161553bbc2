// SPDX-License-Identifier: GPL-3.0-or-later
// One HTTPS request at a time, for the command line and the tests. Blocking.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <tobari/base/result.h>

#include "http/message.h"

namespace tobari::broker {

struct HttpsTarget {
  std::string host;  // name or address, without brackets
  std::uint16_t port = 443;
  std::string ca_pem;  // whom to believe; empty: the system's authorities
  // What to show when the broker asks for a device's certificate; both empty: none. The device's own stands first,
  // those between it and its authority may follow. The key is a secret.
  std::string device_certificate_pem{};
  std::string device_key_pem{};
};

// "https://HOST[:PORT][/]". Anything else is kInvalidArgument.
[[nodiscard]] Result<HttpsTarget> parse_https_url(std::string_view url);

class HttpsClient {
 public:
  static constexpr std::chrono::seconds kTimeout{30};
  static constexpr std::size_t kMaxReplyBytes = std::size_t{8} * 1024 * 1024;

  explicit HttpsClient(HttpsTarget target);
  ~HttpsClient();

  // Connects when there is no connection, or the kept one was closed meanwhile. kUnauthenticated: the certificate is
  // not believed, or names somebody else. kUnavailable: nobody answers.
  [[nodiscard]] Result<Response> send(const Request& request);
  // Of the kept connection's peer, also when it was refused: for telling people what was seen.
  [[nodiscard]] const std::string& peer_fingerprint() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::broker
