// SPDX-License-Identifier: GPL-3.0-or-later
// What the loader found, as matchers.
#pragma once

#include <gmock/gmock.h>

#include <tobari/policy/yaml_loader.h>

namespace tobari::policy {

inline auto finding(Severity severity, int line, const std::string& text) {
  return testing::AllOf(testing::Field(&Finding::severity, severity), testing::Field(&Finding::line, line),
                        testing::Field(&Finding::message, testing::HasSubstr(text)));
}
inline auto error(int line, const std::string& text) { return finding(Severity::kError, line, text); }
inline auto warning(int line, const std::string& text) { return finding(Severity::kWarning, line, text); }

}  // namespace tobari::policy
