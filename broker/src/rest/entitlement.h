// SPDX-License-Identifier: GPL-3.0-or-later
// Which pools are a user's: those to whose desktops the policy lets the user connect, now and from here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rest/api.h"

namespace tobari::broker {

struct EntitledPool {
  Pool pool;
  std::optional<Desktop> own;  // that the user has there
};

// Of the caller, by name. Those without a desktop for this user only when one can be had: open, and not manual.
// `client`: the program that would connect, as in a connect; empty: not known.
[[nodiscard]] Result<std::vector<EntitledPool>> entitled_pools(const Api& api, const Call& call,
                                                               const std::string& client);

// What the policy says to a connect to a desktop of this pool. `sessions`: see AccessQuestion.
[[nodiscard]] AccessAnswer ask_about_pool(const Api& api, const Call& call, const Pool& pool, const std::string& client,
                                          std::uint32_t sessions);

}  // namespace tobari::broker
