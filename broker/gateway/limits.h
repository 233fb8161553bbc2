// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that a peer could stretch, and where it ends. Tests shorten the times.
#pragma once

#include <chrono>
#include <cstddef>

namespace tobari::gateway {

struct Limits {
  // From accept to the last byte of the connection request, however slowly it comes.
  std::chrono::milliseconds request_deadline{10'000};
  // The broker's answer, waiting for a broker that is just starting included.
  std::chrono::milliseconds redeem_deadline{5'000};
  std::chrono::milliseconds connect_deadline{5'000};

  // Connections whose token the broker has not confirmed. At a cap the oldest one gives way to the new one: who speaks
  // at once gets through, who only holds sockets is pushed out.
  std::size_t max_unauthenticated = 1024;
  std::size_t max_unauthenticated_per_address = 128;
  // Sessions are never pushed out; a new one beyond this is refused.
  std::size_t max_sessions = 4096;

  // A peer that is gone without a word is noticed after this time, by the kernel.
  std::chrono::seconds gone_after{60};
  // One side has closed its direction and nothing moves in the other one.
  std::chrono::milliseconds half_closed_quiet{60'000};
  // One session's share of a turn of the loop, so that a fast one does not starve the others.
  std::size_t bytes_per_turn = std::size_t{1} << 20;
};

}  // namespace tobari::gateway
