// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/password.h"

#include <array>

#include <sodium.h>

#include <tobari/base/invariant.h>

namespace tobari::broker {
namespace {

void ready() noexcept {
  static const bool initialised = ::sodium_init() >= 0;
  TOBARI_INVARIANT(initialised);
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  ready();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const int failed = ::crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasswordPasses,
                                             kPasswordMemoryBytes, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return fail(Errc::kExhausted, "not enough memory to hash a password");
  return std::string(text.data());
}

bool verify_password(const std::string& hash, std::string_view password) noexcept {
  ready();
  return ::crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace tobari::broker
