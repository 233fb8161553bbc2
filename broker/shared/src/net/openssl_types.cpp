// SPDX-License-Identifier: GPL-3.0-or-later
#include "openssl_types.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace tobari::net {
namespace {

Result<BioPtr> bio_over(std::string_view text) {
  if (text.size() > kMaxCertificateBytes) return fail(Errc::kInvalidArgument, "PEM text is larger than 64 KiB");
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bio == nullptr) return fail_openssl(Errc::kInternal, "make a buffer");
  return bio;
}

std::string text_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// An encrypted key must not make OpenSSL ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

std::unexpected<Error> fail_openssl(Errc code, std::string_view what, const char* file, int line) {
  std::string message(what);
  if (const unsigned long reason = ERR_peek_last_error(); reason != 0) {
    char text[256];
    ERR_error_string_n(reason, text, sizeof text);
    message += std::string(": ") + text;
  }
  ERR_clear_error();
  return fail(code, std::move(message), file, line);
}

Result<KeyPtr> read_key(std::string_view pem) {
  TOBARI_ASSIGN(const BioPtr bio, bio_over(pem));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) return fail_openssl(Errc::kInvalidArgument, "not a private key in PEM");
  return key;
}

Result<CertificatePtr> read_certificate(std::string_view pem) {
  TOBARI_ASSIGN(const BioPtr bio, bio_over(pem));
  CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (certificate == nullptr) return fail_openssl(Errc::kInvalidArgument, "not a certificate in PEM");
  return certificate;
}

Result<CertificatePtr> read_certificate_der(std::span<const std::byte> der) {
  if (der.size() > kMaxCertificateBytes) return fail(Errc::kInvalidArgument, "certificate is larger than 64 KiB");
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate == nullptr || at != end) return fail_openssl(Errc::kInvalidArgument, "not a certificate in DER");
  return certificate;
}

Result<std::string> write_key(EVP_PKEY& key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail_openssl(Errc::kInternal, "write a private key");
  }
  return text_of(*bio);
}

Result<std::string> write_certificate(X509& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), &certificate) != 1) {
    return fail_openssl(Errc::kInternal, "write a certificate");
  }
  return text_of(*bio);
}

}  // namespace tobari::net
