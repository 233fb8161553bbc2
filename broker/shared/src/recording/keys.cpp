// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/keys.h>

#include <algorithm>
#include <span>

#include <sodium.h>

#include <tobari/base/invariant.h>
#include <tobari/base/random.h>

namespace tobari::recording {
namespace {

constexpr std::string_view kPublicPrefix = "tobari-recording-public-key:";
constexpr std::string_view kSecretPrefix = "tobari-recording-secret-key:";
static_assert(crypto_box_PUBLICKEYBYTES == 32 && crypto_box_SECRETKEYBYTES == Secret::kBytes);
static_assert(kSealedKeyBytes == crypto_box_SEALBYTES + Secret::kBytes);

void ready() noexcept {
  static const bool initialised = ::sodium_init() >= 0;
  TOBARI_INVARIANT(initialised);
}

template <std::size_t kSize>
unsigned char* raw(std::array<std::byte, kSize>& bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
template <std::size_t kSize>
const unsigned char* raw(const std::array<std::byte, kSize>& bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Result<std::array<std::byte, 32>> parse(std::string_view text, std::string_view prefix, const char* what) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  std::array<std::byte, 32> key{};
  if (text.starts_with(prefix)) {
    const auto decoded = from_base64url(text.substr(prefix.size()));
    if (decoded && decoded->size() == key.size()) {
      std::ranges::copy(*decoded, key.begin());
      return key;
    }
  }
  return fail(Errc::kInvalidArgument,
              std::string("this is no ") + what + " for recordings: one line that begins with " + std::string(prefix));
}

}  // namespace

Secret::~Secret() { ::sodium_memzero(bytes_.data(), bytes_.size()); }

KeyPair make_key_pair() {
  ready();
  KeyPair pair;
  static_cast<void>(::crypto_box_keypair(raw(pair.public_key.bytes), raw(pair.secret.bytes())));
  return pair;
}

std::string to_text(const PublicKey& key) { return std::string(kPublicPrefix) + to_base64url(key.bytes) + "\n"; }
std::string to_text(const Secret& secret) { return std::string(kSecretPrefix) + to_base64url(secret.bytes()) + "\n"; }

Result<PublicKey> parse_public_key(std::string_view text) {
  TOBARI_ASSIGN(const auto bytes, parse(text, kPublicPrefix, "public key"));
  return PublicKey{bytes};
}

Result<Secret> parse_secret_key(std::string_view text) {
  TOBARI_ASSIGN(const auto bytes, parse(text, kSecretPrefix, "secret key"));
  Secret secret;
  secret.bytes() = bytes;
  return secret;
}

ContentKey make_content_key(const PublicKey& reader) {
  ready();
  ContentKey made;
  random_bytes(made.key.bytes());
  // Fails for public keys of low order only, which no pair has: the sealed key then opens for nobody.
  static_cast<void>(::crypto_box_seal(raw(made.sealed), raw(made.key.bytes()), Secret::kBytes, raw(reader.bytes)));
  return made;
}

Result<Secret> unseal(const Header& header, const Secret& reader) {
  ready();
  PublicKey own;
  static_cast<void>(::crypto_scalarmult_base(raw(own.bytes), raw(reader.bytes())));
  Secret key;
  if (own.bytes != header.public_key ||
      ::crypto_box_seal_open(raw(key.bytes()), raw(header.sealed_key), header.sealed_key.size(), raw(own.bytes),
                             raw(reader.bytes())) != 0) {
    return fail(Errc::kPermissionDenied, "this key does not open the recording: it was made for another one");
  }
  return key;
}

}  // namespace tobari::recording
