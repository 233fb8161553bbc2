// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/device_authorities.h"

#include <algorithm>
#include <format>
#include <utility>

#include "daemon/files.h"

namespace tobari::broker {

Result<std::unique_ptr<DeviceCertificates>> load_device_authorities(
    const std::vector<DeviceAuthorityFile>& configured) {
  if (configured.empty()) return std::unique_ptr<DeviceCertificates>();
  std::vector<DeviceAuthority> authorities;
  for (const DeviceAuthorityFile& each : configured) {
    auto pem = read_small_file(each.file);
    if (!pem.has_value()) {
      return context(
          std::move(pem).error(),
          std::format("device authority '{}': put its certificates there in PEM, readable for tobari-broker, "
                      "or take it out of device_authorities",
                      each.name));
    }
    authorities.push_back({each.name, *std::move(pem), each.file.string()});
  }
  return DeviceCertificates::create(authorities);
}

std::vector<policy::Finding> check_device_rules(const policy::PolicySet& policy,
                                                const std::vector<std::string>& authorities) {
  std::vector<policy::Finding> findings;
  const auto warn = [&findings](const policy::Rule& rule, const std::string& what) {
    findings.push_back({.severity = policy::Severity::kWarning,
                        .line = rule.line,
                        .message = std::format("'certificate' of rule '{}': {}", rule.name, what)});
  };
  for (const policy::Rule& rule : policy.rules()) {
    const auto& wanted = rule.conditions.certificates;
    if (findings.size() == policy::kMaxFindings) break;
    if (wanted.empty()) continue;
    if (authorities.empty()) {
      warn(
          rule,
          "no device is asked for its certificate, so the rule never allows, and denies always; name who signs them in "
          "device_authorities of the broker's configuration");
      continue;
    }
    const auto unknown = std::ranges::find_if(wanted, [&authorities](const policy::CertificateMatch& match) {
      return !match.sha256 && !std::ranges::contains(authorities, match.issuer);
    });
    if (unknown == wanted.end()) continue;
    warn(rule, std::format("there is no device authority '{}', so no device is ever of it; configure it in "
                           "device_authorities, or correct the name",
                           unknown->issuer));
  }
  return findings;
}

}  // namespace tobari::broker
