// SPDX-License-Identifier: GPL-3.0-or-later
// Takes secrets out of text that leaves the deployment. Pure. What looks like one goes, whether or not it is: a support
// archive can do without a hash. What stays are ids (UUIDs), names, addresses and numbers.
#pragma once

#include <string>
#include <string_view>

namespace tobari::cli {

inline constexpr std::string_view kLeftOut = "(left out)";

// Of logs, metrics, JSON, anything:
//   - the value behind a name like password, secret, token, ticket, key, cookie, credential or authorization
//   - "Bearer …", "Basic …", "msts=…", "user:password@" of an URL, "$argon2…"
//   - blocks "-----BEGIN …" to "-----END …", also when the end is missing
//   - words of 32 and more characters of base64, base64url or hex
[[nodiscard]] std::string redacted(std::string_view text);

// Of a configuration file (YAML, "key: value"): keys that are known to hold no secret keep their values, redacted();
// comments go, and so do the values of all other keys.
[[nodiscard]] std::string redacted_config(std::string_view yaml);

}  // namespace tobari::cli
