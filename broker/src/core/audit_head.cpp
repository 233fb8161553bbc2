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
  made.signature = sign_text(signed_text(made));
  return made;
}

std::string HeadSigner::sign_text(std::string_view text) const {
  std::array<std::byte, crypto_sign_BYTES> signature{};
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes(text), text.size(),
                       bytes(secret_key_));
  return to_hex(signature);
}

bool is_signed_by(std::string_view text, std::string_view signature, std::string_view key) {
  const auto key_bytes = from_hex(key);
  const auto made = from_hex(signature);
  return key_bytes.has_value() && key_bytes->size() == crypto_sign_PUBLICKEYBYTES && made.has_value() &&
         made->size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(bytes(*made), bytes(text), text.size(), bytes(*key_bytes)) == 0;
}

Result<void> verify_head(const SignedHead& head, std::string_view trusted_key) {
  if (head.key != trusted_key) {
    return fail(Errc::kPermissionDenied,
                std::format("the head of record {} is signed with another key", head.sequence));
  }
  if (!is_signed_by(signed_text(head), head.signature, head.key)) {
    return fail(Errc::kPermissionDenied, std::format("the signature of the head of record {} is wrong", head.sequence));
  }
  return {};
}

}  // namespace tobari::broker
