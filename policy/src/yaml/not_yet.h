// SPDX-License-Identifier: GPL-3.0-or-later
// What the language has and this version does not do yet: said of every rule that relies on it. An entry is taken out
// when its part is built. Private to src/yaml.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "reader.h"

namespace tobari::policy {

struct NotYet {
  std::string_view key;
  std::string_view what;
};
inline constexpr std::array<NotYet, 0> kNotYet{};

// A warning for each of those keys that `map` has.
inline void warn_of_what_is_not_yet(Reader& reader, const YamlNode& map, const std::string& where) {
  for (const NotYet& entry : kNotYet) {
    if (const YamlNode* value = map.find(entry.key)) {
      reader.warning(value->line, "'" + std::string(entry.key) + "' of " + where + ": " + std::string(entry.what));
    }
  }
}

}  // namespace tobari::policy
