// SPDX-License-Identifier: GPL-3.0-or-later
#include "packing.h"

#include <array>
#include <memory>
#include <zstd.h>

#include <sodium.h>

#include "little_endian.h"

namespace tobari::recording {
namespace {

constexpr unsigned kStored = 0;
constexpr unsigned kZstd = 1;
// What was encoded already shrinks little, but repeats what the client's own bulk decompression would have known.
constexpr int kLevel = 1;

using Nonce = std::array<unsigned char, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(std::uint64_t number) noexcept {
  Nonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<unsigned char>(number >> (8 * i));
  return nonce;
}

const unsigned char* raw(View bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes.data()); }

}  // namespace

Bytes pack(View content) {
  Bytes out;
  out.reserve(kPackingBytes + ::ZSTD_compressBound(content.size()));
  put_number(kZstd, 1, out);
  put_number(content.size(), 4, out);
  out.resize(kPackingBytes + ::ZSTD_compressBound(content.size()));
  const std::size_t packed =
      ::ZSTD_compress(out.data() + kPackingBytes, out.size() - kPackingBytes, content.data(), content.size(), kLevel);
  if (::ZSTD_isError(packed) == 0 && packed < content.size()) {
    out.resize(kPackingBytes + packed);
    return out;
  }
  out.resize(kPackingBytes);
  out[0] = static_cast<std::byte>(kStored);
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Result<Bytes> unpack(View packed) {
  const auto damaged = [] { return fail(Errc::kPeerProtocol, "a chunk that cannot be unpacked"); };
  if (packed.size() < kPackingBytes) return damaged();
  const std::uint64_t how = number_at(packed, 0, 1);
  const std::size_t size = number_at(packed, 1, 4);
  const View data = packed.subspan(kPackingBytes);
  if (size > kMaxContent) return damaged();
  if (how == kStored && data.size() == size) return Bytes(data.begin(), data.end());
  if (how != kZstd) return damaged();
  Bytes content(size);
  const std::size_t got = ::ZSTD_decompress(content.data(), content.size(), data.data(), data.size());
  if (::ZSTD_isError(got) != 0 || got != size) return damaged();
  return content;
}

Bytes encrypt(View plain, View head, std::uint64_t number, const Secret& key) {
  Bytes body(plain.size() + kTagBytes);
  unsigned long long size = 0;
  static_cast<void>(::crypto_aead_chacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(body.data()), &size,
                                                                raw(plain), plain.size(), raw(head), head.size(),
                                                                nullptr, nonce_of(number).data(), raw(key.bytes())));
  return body;
}

Result<Bytes> decrypt(View body, View head, std::uint64_t number, const Secret& key) {
  if (body.size() < kTagBytes) return fail(Errc::kPeerProtocol, "a chunk without its tag");
  Bytes plain(body.size() - kTagBytes);
  if (::crypto_aead_chacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
                                                  raw(body), body.size(), raw(head), head.size(),
                                                  nonce_of(number).data(), raw(key.bytes())) != 0) {
    return fail(Errc::kPeerProtocol, "a chunk was changed");
  }
  return plain;
}

}  // namespace tobari::recording
