// SPDX-License-Identifier: GPL-3.0-or-later
// The key and certificate that a display process shows to its clients.
#pragma once

#include <string>

#include <tobari/base/result.h>

namespace tobari::display {

struct TlsIdentity {
  std::string key_pem;  // secret
  std::string certificate_pem;
  std::string sha256;  // of the certificate in DER, 64 hex digits: what a client pins
};

// A fresh key and a self-signed certificate; neither leaves this process's memory.
[[nodiscard]] Result<TlsIdentity> make_tls_identity();

// From PEM files, for a display that runs alone. kInvalidArgument: unreadable, or the key is not the certificate's.
[[nodiscard]] Result<TlsIdentity> load_tls_identity(const std::string& certificate_file, const std::string& key_file);

}  // namespace tobari::display
