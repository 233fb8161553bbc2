// SPDX-License-Identifier: GPL-3.0-or-later
// A signed head: the broker's word that at a time its audit had so many records, the last of them with this hash. Kept
// elsewhere it shows what the chain alone cannot: that nothing was cut off its end, and that it was not made anew by
// somebody who may write to the database. Ed25519 (RFC 8032) by libsodium. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

#include "core/audit_chain.h"

namespace tobari::broker {

struct SignedHead {
  std::uint64_t sequence = 0;  // of the newest record; 0: there is none
  std::string hash{};          // its hash
  std::string time{};          // of the signature
  std::string key{};           // 64 hexadecimal digits
  std::string signature{};     // 128
};

class HeadSigner {
 public:
  [[nodiscard]] static std::string new_secret();  // for the key file: 64 hexadecimal digits
  // kInvalidArgument when `secret` is not of that form; white space around it does not matter.
  [[nodiscard]] static Result<HeadSigner> create(std::string_view secret);

  [[nodiscard]] SignedHead sign(const ChainHead& head, Time time) const;
  // 128 hexadecimal digits. A text's first line says what it is a text of, so that no signature serves for another
  // kind.
  [[nodiscard]] std::string sign_text(std::string_view text) const;
  [[nodiscard]] const std::string& public_key() const noexcept { return public_key_; }

 private:
  HeadSigner() = default;
  std::string secret_key_;  // 64 bytes
  std::string public_key_;  // hexadecimal digits
};

// Whether the key, 64 hexadecimal digits, has signed it.
[[nodiscard]] bool is_signed_by(std::string_view text, std::string_view signature, std::string_view key);

// Whether `trusted_key` signed it. kPermissionDenied names what does not fit.
[[nodiscard]] Result<void> verify_head(const SignedHead& head, std::string_view trusted_key);

}  // namespace tobari::broker
