// SPDX-License-Identifier: GPL-3.0-or-later
#include <ctime>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <tobari/base/random.h>
#include <tobari/net/pki.h>

#include "openssl_types.h"

namespace tobari::net {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

std::string text_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string ip_text(const ASN1_OCTET_STRING* value) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(value) == 4 ? AF_INET : ASN1_STRING_length(value) == 16 ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC || inet_ntop(family, ASN1_STRING_get0_data(value), text, sizeof text) == nullptr) return "?";
  return text;
}

struct AlternativeNames {
  std::vector<std::string> uris, dns, ips;
  int total = 0;
};

AlternativeNames alternative_names(const X509& certificate) {
  AlternativeNames out;
  auto* raw = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  const GeneralNamesPtr names(raw);
  if (names == nullptr) return out;
  out.total = sk_GENERAL_NAME_num(names.get());
  for (int i = 0; i < out.total; ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type == GEN_URI) out.uris.push_back(text_of(static_cast<const ASN1_STRING*>(value)));
    if (type == GEN_DNS) out.dns.push_back(text_of(static_cast<const ASN1_STRING*>(value)));
    if (type == GEN_IPADD) out.ips.push_back(ip_text(static_cast<const ASN1_OCTET_STRING*>(value)));
  }
  return out;
}

std::string common_name_of(const X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

Result<std::chrono::system_clock::time_point> time_of(const ASN1_TIME* value) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(value, &parts) != 1) return fail_openssl(Errc::kInvalidArgument, "bad time in a certificate");
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string hex_of(const ASN1_INTEGER* value) {
  return to_hex({reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(value)),
                 static_cast<std::size_t>(ASN1_STRING_length(value))});
}

}  // namespace

Result<CertificateInfo> inspect(std::string_view certificate_pem) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate(certificate_pem));
  AlternativeNames names = alternative_names(*certificate);
  CertificateInfo info;
  info.common_name = common_name_of(*certificate);
  info.uris = std::move(names.uris);
  info.dns = std::move(names.dns);
  info.ips = std::move(names.ips);
  TOBARI_ASSIGN(info.not_before, time_of(X509_get0_notBefore(certificate.get())));
  TOBARI_ASSIGN(info.not_after, time_of(X509_get0_notAfter(certificate.get())));
  info.serial_hex = hex_of(X509_get0_serialNumber(certificate.get()));
  info.is_ca = X509_check_ca(certificate.get()) == 1;
  return info;
}

Result<std::string> fingerprint(std::string_view certificate_pem) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate(certificate_pem));
  std::byte digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), reinterpret_cast<unsigned char*>(digest), &size) != 1) {
    return fail_openssl(Errc::kInternal, "hash a certificate");
  }
  return to_hex(std::span(digest).first(size));
}

Result<Der> certificate_to_der(std::string_view certificate_pem) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate(certificate_pem));
  const int size = i2d_X509(certificate.get(), nullptr);
  if (size <= 0) return fail_openssl(Errc::kInternal, "write a certificate");
  Der der(static_cast<std::size_t>(size));
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(certificate.get(), &at);
  return der;
}

Result<std::string> certificate_from_der(std::span<const std::byte> der) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate_der(der));
  return write_certificate(*certificate);
}

Result<void> verify(std::string_view certificate_pem, std::string_view ca_pem,
                    std::chrono::system_clock::time_point now) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate(certificate_pem));
  TOBARI_ASSIGN(const CertificatePtr ca, read_certificate(ca_pem));
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (store == nullptr || context == nullptr || X509_STORE_add_cert(store.get(), ca.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) != 1) {
    return fail_openssl(Errc::kInternal, "prepare to verify a certificate");
  }
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  if (X509_verify_cert(context.get()) != 1) {
    const int reason = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    return fail(Errc::kUnauthenticated, std::string("certificate refused: ") + X509_verify_cert_error_string(reason));
  }
  return {};
}

Result<void> check_pair(const Identity& identity) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate(identity.certificate_pem));
  TOBARI_ASSIGN(const KeyPtr key, read_key(identity.key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return fail_openssl(Errc::kInvalidArgument, "the key does not belong to the certificate");
  }
  return {};
}

Result<std::string> only_uri(std::string_view certificate_pem) {
  TOBARI_ASSIGN(const CertificatePtr certificate, read_certificate(certificate_pem));
  const AlternativeNames names = alternative_names(*certificate);
  if (names.total != 1 || names.uris.size() != 1) {
    return fail(Errc::kUnauthenticated, "the certificate does not name exactly one URI");
  }
  return names.uris.front();
}

}  // namespace tobari::net
