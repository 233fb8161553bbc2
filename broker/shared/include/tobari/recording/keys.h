// SPDX-License-Identifier: GPL-3.0-or-later
// Who can read recordings: whoever has the secret half of the recording key (X25519). Broker and hosts know the public
// half only. Each recording has a key of its own, made in the display process and sealed to the public one
// (crypto_box_seal of libsodium), so that neither a host nor a display can read what was recorded before.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <tobari/base/result.h>
#include <tobari/recording/format.h>

namespace tobari::recording {

struct PublicKey {
  std::array<std::byte, 32> bytes{};
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

// 32 secret bytes, wiped when they go.
class Secret {
 public:
  static constexpr std::size_t kBytes = 32;
  Secret() = default;
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret();
  [[nodiscard]] std::array<std::byte, kBytes>& bytes() noexcept { return bytes_; }
  [[nodiscard]] const std::array<std::byte, kBytes>& bytes() const noexcept { return bytes_; }

 private:
  std::array<std::byte, kBytes> bytes_{};
};

struct KeyPair {
  PublicKey public_key;
  Secret secret;
};
[[nodiscard]] KeyPair make_key_pair();

// One line each, as in key files. kInvalidArgument: no such key; never quotes what was there.
[[nodiscard]] std::string to_text(const PublicKey& key);
[[nodiscard]] std::string to_text(const Secret& secret);
[[nodiscard]] Result<PublicKey> parse_public_key(std::string_view text);
[[nodiscard]] Result<Secret> parse_secret_key(std::string_view text);

// A fresh key of one recording, in the open and sealed.
struct ContentKey {
  Secret key;
  std::array<std::byte, kSealedKeyBytes> sealed{};
};
[[nodiscard]] ContentKey make_content_key(const PublicKey& reader);
// kPermissionDenied: the recording was made for another key.
[[nodiscard]] Result<Secret> unseal(const Header& header, const Secret& reader);

}  // namespace tobari::recording
