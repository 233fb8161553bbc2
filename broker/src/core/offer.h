// SPDX-License-Identifier: GPL-3.0-or-later
// The two secrets of one connection (docs/ARCHITECTURE.md, I3). They exist in the reply to the client and nowhere else;
// everybody else gets their hashes.
#pragma once

#include <chrono>
#include <string>

#include <tobari/base/random.h>

#include "core/sha256.h"

namespace tobari::broker {

inline constexpr std::chrono::seconds kOfferLifetime{60};

struct Offer {
  std::string routing_token = random_token();
  std::string ticket = random_token();

  [[nodiscard]] std::string routing_sha256() const { return sha256_hex(routing_token); }
};

}  // namespace tobari::broker
