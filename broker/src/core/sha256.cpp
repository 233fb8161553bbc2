// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/sha256.h"

#include <sodium.h>

#include <tobari/base/random.h>

namespace tobari::broker {

std::array<std::byte, 32> sha256(std::string_view text) noexcept {
  static_assert(crypto_hash_sha256_BYTES == 32);
  std::array<std::byte, 32> digest{};
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return digest;
}

std::string sha256_hex(std::string_view text) { return to_hex(sha256(text)); }

}  // namespace tobari::broker
