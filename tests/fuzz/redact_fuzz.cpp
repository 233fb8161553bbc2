// SPDX-License-Identifier: GPL-3.0-or-later
// What a support archive is made of: logs hold what strangers chose. Properties: whatever stands before a secret, it is
// taken out; a second pass finds nothing more that is one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "redact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari::cli;
  constexpr std::size_t kMost = std::size_t{16} * 1024;
  if (size > kMost) return 0;
  const std::string before(reinterpret_cast<const char*>(data), size);
  if (before.contains("CANARY")) return 0;
  for (const char* secret : {"password=CANARY", "\"ticket\": \"CANARY\"", "Authorization: Bearer CANARY",
                             "postgresql://tobari:CANARY@db/x", "-----BEGIN PRIVATE KEY-----\nCANARY"}) {
    if (redacted(before + "\n" + secret).contains("CANARY")) std::abort();
    if (redacted_config(before + "\nsmtp_" + secret).contains("CANARY")) std::abort();
  }
  static_cast<void>(redacted_config(before));
  return 0;
}
