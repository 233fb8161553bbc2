// SPDX-License-Identifier: GPL-3.0-or-later
// A store of a deployment's size.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tobari/base/result.h>

#include "store/state_store.h"

namespace tobari::broker {

inline constexpr const char* kFilledImage = "debian";

struct Filled {
  std::vector<User> users;  // with one token each, whose hash is "token-" and the name
  std::vector<Node> hosts;
  std::vector<Pool> pools;
  Pool empty_pool;                // of the same kind, without desktops
  std::vector<Desktop> desktops;  // a user's, in a pool, spread over the hosts; the last of a pool are spares
};

struct Size {
  std::size_t desktops = 100'000;
  std::size_t hosts = 1000;
  std::size_t pools = 10;
  std::size_t spares_a_pool = 100;
  std::size_t past_sessions_a_user = 3;
  PoolKind kind = PoolKind::kFloating;
};

[[nodiscard]] Result<Filled> fill(StateStore& store, const Size& size, Time now);

[[nodiscard]] Session new_session(const Desktop& desktop, SessionState state, Time now);

}  // namespace tobari::broker
