// SPDX-License-Identifier: GPL-3.0-or-later
// Whose devices count, from the configuration to what the portal asks with; and what rules expect of them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/policy_set.h>
#include <tobari/policy/yaml_loader.h>

#include "http/device_certificates.h"

namespace tobari::broker {

struct DeviceAuthorityFile {
  std::string name;  // what rules call it
  std::filesystem::path file;
};

// Null when none is configured: devices are not asked. Errors name the authority and its file.
[[nodiscard]] Result<std::unique_ptr<DeviceCertificates>> load_device_authorities(
    const std::vector<DeviceAuthorityFile>& configured);

// Warnings about rules that no device can meet with these authorities, one a rule, at most policy::kMaxFindings.
[[nodiscard]] std::vector<policy::Finding> check_device_rules(const policy::PolicySet& policy,
                                                              const std::vector<std::string>& authorities);

}  // namespace tobari::broker
