// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/audit_head.h"

#include <array>
#include <format>
#include <span>
#include <vector>

#include <sodium.h>

#include <tobari/base/random.h>

#include "core/names.h"

namespace tobari::broker {
namespace {

// The first line keeps a signature from being taken for one of something else.
std::string signed_text(const SignedHead& head) {
  return std::format("tobari audit head\n{}\n{}\n{}\n", head.sequence, head.hash, head.time);
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
const unsigned char* bytes(const std::vector<std::byte>& data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::string HeadSigner::new_secret() {
  std::array<std::byte, crypto_sign_SEEDBYTES> seed{};
  random_bytes(seed);
  return to_hex(seed);
}

Result<HeadSigner> HeadSigner::create(std::string_view secret) {
  const auto seed = from_hex(trimmed(secret));
  if (!seed.has_value() || seed->size() != crypto_sign_SEEDBYTES) {
    return fail(Errc::kInvalidArgument, "the key of the audit must be 64 hexadecimal digits");
  }
  std::array<std::byte, crypto_sign_PUBLICKEYBYTES> public_key{};
  HeadSigner signer;
  signer.secret_key_.resize(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                           reinterpret_cast<unsigned char*>(signer.secret_key_.data()), bytes(*seed));
  signer.public_key_ = to_hex(public_key);
  return signer;
}

SignedHead HeadSigner::sign(const ChainHead& head, Time time) const {
  SignedHead made{
      .sequence = head.sequence, .hash = head.hash, .time = format_time(time), .key = public_key_, .signature = {}};
  std::array<std::byte, crypto_sign_BYTES> signature{};
  const std::string text = signed_text(made);
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes(text), text.size(),
                       bytes(secret_key_));
  made.signature = to_hex(signature);
  return made;
}

Result<void> verify_head(const SignedHead& head, std::string_view trusted_key) {
  if (head.key != trusted_key) {
    return fail(Errc::kPermissionDenied,
                std::format("the head of record {} is signed with another key", head.sequence));
  }
  const auto key = from_hex(head.key);
  const auto signature = from_hex(head.signature);
  const std::string text = signed_text(head);
  if (!key.has_value() || key->size() != crypto_sign_PUBLICKEYBYTES || !signature.has_value() ||
      signature->size() != crypto_sign_BYTES ||
      crypto_sign_verify_detached(bytes(*signature), bytes(text), text.size(), bytes(*key)) != 0) {
    return fail(Errc::kPermissionDenied, std::format("the signature of the head of record {} is wrong", head.sequence));
  }
  return {};
}

}  // namespace tobari::broker
