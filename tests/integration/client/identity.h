// SPDX-License-Identifier: GPL-3.0-or-later
// A key and a self-signed certificate, made anew for each test.
#pragma once

#include <string>

namespace tobari::client::test {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
  std::string fingerprint;  // SHA-256, 64 lower-case hex digits
};

// For the host names localhost and 127.0.0.1.
[[nodiscard]] Identity make_identity();

}  // namespace tobari::client::test
