// SPDX-License-Identifier: GPL-3.0-or-later
// The first packet of an unknown peer. Properties: bounded; the answer for a prefix never contradicts the answer for
// the whole; what is accepted agrees with itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <tobari/net/x224_gate.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari::net;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto whole = parse_connection_request(bytes);
  const bool accepted = whole.has_value() && whole->has_value();
  if (!accepted) return 0;

  const ConnectionRequest& request = **whole;
  if (request.size > size || request.size > kMaxConnectionRequestBytes) std::abort();
  if (!request.cookie_user.empty() && !request.routing_token.empty()) std::abort();
  for (std::size_t cut = 0; cut < request.size; ++cut) {
    const auto part = parse_connection_request(bytes.first(cut));
    if (!part.has_value() || part->has_value()) std::abort();
  }
  return 0;
}
