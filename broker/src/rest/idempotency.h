// SPDX-License-Identifier: GPL-3.0-or-later
// "Idempotency-Key": a client that never got its answer asks again and gets the first one, stored in the same
// transaction as what was made.
#pragma once

#include <optional>

#include "rest/api.h"

namespace tobari::broker {

// The stored answer, when the request carries a key that was used for the very same request before. kInvalidArgument:
// not a UUID. kAlreadyExists: the key was used for another request.
[[nodiscard]] Result<std::optional<Response>> earlier_answer(Api& api, const Call& call);
// Inside the act. Nothing to do without a key.
[[nodiscard]] Result<void> remember_answer(Writer& writer, const Call& call, const Response& response, Time now);

}  // namespace tobari::broker
