// SPDX-License-Identifier: GPL-3.0-or-later
// As much of JSON schema (draft 2020-12) as policy/schema.json uses, for YAML trees; a keyword that is not known here
// fails. A scalar counts as a number when it looks like one and the schema allows numbers, as in YAML 1.2.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "document.h"

namespace tobari::policy {

// Empty: it is valid. Otherwise what is wrong first.
[[nodiscard]] std::string schema_error(const nlohmann::json& schema, const YamlNode& value);

}  // namespace tobari::policy
