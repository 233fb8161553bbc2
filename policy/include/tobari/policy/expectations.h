// SPDX-License-Identifier: GPL-3.0-or-later
// A table of decisions that a policy is expected to make: desk.tests.yaml beside desk.yaml (docs/POLICY.md). Read with
// the same limits and with the same care for messages as a policy.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/yaml_loader.h>

namespace tobari::policy {

struct Expectation {
  std::string name{};
  int line = 0;
  Request request{};
  std::optional<DeviceDescription> device{};  // of a question about `usb`; expected of all its interfaces
  ChannelIndex what = 0;
  bool allowed = false;
  std::optional<std::string> rule{};
  std::optional<Limits> limits{};        // exactly
  std::optional<Obligations> require{};  // exactly; notices in any order
};

struct LoadedExpectations {
  std::vector<Expectation> expectations{};  // empty when any finding is an error
  std::vector<Finding> findings{};
};

[[nodiscard]] LoadedExpectations load_expectations_text(std::string_view yaml);
[[nodiscard]] LoadedExpectations load_expectations(const std::filesystem::path& file);

// What is other than expected, for people; nothing when all is as it should be.
[[nodiscard]] std::optional<std::string> check_expectation(const PolicySet& policy, const Expectation& expectation);

}  // namespace tobari::policy
