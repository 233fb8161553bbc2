// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys.h"

#include <tobari/policy/yaml_loader.h>

namespace tobari::policy {
namespace {

using Words = std::string_view[];
constexpr Words kFile{"version", "groups", "calendars", "rules", "egress", "ingress"};
constexpr Words kGroup{"user", "group"};
constexpr Words kRule{"name", "what",     "who", "network", "client", "certificate", "when",
                      "mfa",  "sessions", "usb", "effect",  "limits", "require"};
constexpr Words kWho{"user", "group", "pool", "label"};
constexpr Words kClient{"kind", "at_least", "below"};
constexpr Words kCertificate{"sha256", "issuer"};
constexpr Words kWindow{"days", "from", "until", "zone", "except", "only"};
constexpr Words kRange{"at_least", "below"};
constexpr Words kUsb{"class", "vendor", "product", "serial"};
constexpr Words kLimits{"formats", "bytes_per_transfer", "bytes_per_day", "bytes_per_second"};
constexpr Words kRequire{"watermark", "record",       "idle_timeout", "absolute_timeout",
                         "notice",    "max_monitors", "max_pixels"};
constexpr Words kEgress{"name", "who", "to", "protocol", "ports", "effect"};
constexpr Words kIngress{"name", "who", "from", "protocol", "ports", "effect"};

// Of tables of expected decisions.
constexpr Words kTestsFile{"tests"};
constexpr Words kTest{"name", "request", "what", "expect", "rule", "limits", "require"};
constexpr Words kTestRequest{"user",
                             "groups",
                             "labels",
                             "pool",
                             "address",
                             "client",
                             "client_version",
                             "certificate_sha256",
                             "certificate_issuer",
                             "at",
                             "mfa",
                             "sessions",
                             "usb"};
constexpr Words kTestUsb{"vendor", "product", "serial", "classes"};

constexpr KeyTable kTables[] = {
    {"file", kFile},       {"group", kGroup},     {"rule", kRule},
    {"who", kWho},         {"client", kClient},   {"certificate", kCertificate},
    {"window", kWindow},   {"range", kRange},     {"usb", kUsb},
    {"limits", kLimits},   {"require", kRequire}, {"egress", kEgress},
    {"ingress", kIngress},
};
constexpr KeyTable kTestTables[] = {
    {"tests-file", kTestsFile}, {"test", kTest}, {"test-request", kTestRequest}, {"test-usb", kTestUsb}};

}  // namespace

std::span<const KeyTable> policy_keys() { return kTables; }

std::span<const std::string_view> keys_in(std::string_view section) {
  for (const std::span<const KeyTable> tables :
       {std::span<const KeyTable>(kTables), std::span<const KeyTable>(kTestTables)}) {
    for (const KeyTable& table : tables) {
      if (table.section == section) return table.keys;
    }
  }
  return {};
}

}  // namespace tobari::policy
