// SPDX-License-Identifier: GPL-3.0-or-later
// The keys that a policy file may have, section by section: one table for the loader, and for the test that holds
// policy/schema.json against it. Private to src/yaml.
#pragma once

#include <span>
#include <string_view>

namespace tobari::policy {

// `section`: one that policy_keys() lists, or of a table of expected decisions.
[[nodiscard]] std::span<const std::string_view> keys_in(std::string_view section);

}  // namespace tobari::policy
