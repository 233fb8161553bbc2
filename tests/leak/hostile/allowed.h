// SPDX-License-Identifier: GPL-3.0-or-later
// What a grant opens must pass, or a test that finds nothing proves nothing: the same ways, granted, carry a canary.
#pragma once

#include <string>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::leak {

struct AllowedCase {
  std::string channel;  // a name of the policy language
  std::string direction;
  std::string format;
  std::string fault;  // empty: it passed as it should
};

// Each with a display process of its own, as `program` makes it.
[[nodiscard]] Result<std::vector<AllowedCase>> try_allowed(const std::string& program);

}  // namespace tobari::leak
