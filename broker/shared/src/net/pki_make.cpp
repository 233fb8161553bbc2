// SPDX-License-Identifier: GPL-3.0-or-later
#include <openssl/ec.h>

#include <tobari/base/random.h>
#include <tobari/net/pki.h>

#include "openssl_types.h"

namespace tobari::net {
namespace {

constexpr int kMaxDays = 36500;
constexpr std::chrono::minutes kClockSkew{5};
constexpr std::size_t kMaxCommonName = 64;  // ub-common-name, RFC 5280
constexpr std::size_t kSerialBytes = 16;

Result<KeyPtr> new_key() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return fail_openssl(Errc::kInternal, "make a P-256 key");
  return key;
}

Result<void> set_common_name(X509_NAME* name, std::string_view text) {
  if (text.empty() || text.size() > kMaxCommonName) {
    return fail(Errc::kInvalidArgument, "a certificate's common name has 1 to 64 characters");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, static_cast<int>(text.size()), -1, 0) != 1) {
    return fail_openssl(Errc::kInvalidArgument, "set the common name");
  }
  return {};
}

Result<void> set_validity(X509& certificate, const Validity& validity) {
  if (validity.days < 1 || validity.days > kMaxDays) {
    return fail(Errc::kInvalidArgument, "a certificate is valid for 1 to 36500 days");
  }
  const auto seconds = std::chrono::system_clock::to_time_t(validity.now);
  const auto from = seconds - std::chrono::seconds(kClockSkew).count();
  const auto until = seconds + std::chrono::seconds(std::chrono::hours(24) * validity.days).count();
  if (ASN1_TIME_set(X509_getm_notBefore(&certificate), from) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(&certificate), until) == nullptr) {
    return fail_openssl(Errc::kInternal, "set the validity");
  }
  return {};
}

// 127 random bits: positive, and never the same twice.
Result<void> set_serial(X509& certificate) {
  std::byte bytes[kSerialBytes];
  random_bytes(bytes);
  bytes[0] &= std::byte{0x7f};
  const BignumPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes), kSerialBytes, nullptr));
  if (number == nullptr || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) == nullptr) {
    return fail_openssl(Errc::kInternal, "set the serial number");
  }
  return {};
}

Result<void> add_extension(X509& certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, &certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(&certificate, extension.get(), -1) != 1) {
    return fail_openssl(Errc::kInternal, "add a certificate extension");
  }
  return {};
}

Result<void> push_text_name(GENERAL_NAMES& names, int type, const std::string& text) {
  GeneralNamePtr name(GENERAL_NAME_new());
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  if (name == nullptr || value == nullptr || ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) != 1) {
    ASN1_IA5STRING_free(value);
    return fail_openssl(Errc::kInternal, "make a certificate name");
  }
  GENERAL_NAME_set0_value(name.get(), type, value);
  if (sk_GENERAL_NAME_push(&names, name.get()) == 0) return fail_openssl(Errc::kInternal, "add a certificate name");
  static_cast<void>(name.release());
  return {};
}

Result<void> push_ip_name(GENERAL_NAMES& names, const std::string& text) {
  ASN1_OCTET_STRING* value = a2i_IPADDRESS(text.c_str());
  if (value == nullptr) return fail_openssl(Errc::kInvalidArgument, "not an IP address: " + text);
  GeneralNamePtr name(GENERAL_NAME_new());
  if (name == nullptr) {
    ASN1_OCTET_STRING_free(value);
    return fail_openssl(Errc::kInternal, "make a certificate name");
  }
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, value);
  if (sk_GENERAL_NAME_push(&names, name.get()) == 0) return fail_openssl(Errc::kInternal, "add a certificate name");
  static_cast<void>(name.release());
  return {};
}

// Built from values, not from OpenSSL's configuration text: a comma in a name must not become another name.
Result<void> add_alternative_names(X509& certificate, const CertificateNames& names) {
  const GeneralNamesPtr list(GENERAL_NAMES_new());
  if (list == nullptr) return fail_openssl(Errc::kInternal, "make a list of names");
  if (!names.uri.empty()) TOBARI_TRY(push_text_name(*list, GEN_URI, names.uri));
  for (const std::string& dns : names.dns) TOBARI_TRY(push_text_name(*list, GEN_DNS, dns));
  for (const std::string& ip : names.ips) TOBARI_TRY(push_ip_name(*list, ip));
  if (sk_GENERAL_NAME_num(list.get()) == 0) return {};
  if (X509_add1_ext_i2d(&certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return fail_openssl(Errc::kInternal, "add the alternative names");
  }
  return {};
}

enum class Kind { kCa, kLeaf };

Result<void> add_extensions(X509& certificate, X509* issuer, Kind kind) {
  const bool ca = kind == Kind::kCa;
  TOBARI_TRY(add_extension(certificate, issuer, NID_basic_constraints,
                           ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE"));
  TOBARI_TRY(add_extension(certificate, issuer, NID_key_usage,
                           ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"));
  TOBARI_TRY(add_extension(certificate, issuer, NID_subject_key_identifier, "hash"));
  if (!ca) TOBARI_TRY(add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth"));
  if (issuer != &certificate) TOBARI_TRY(add_extension(certificate, issuer, NID_authority_key_identifier, "keyid"));
  return {};
}

// `issuer` null: signed by itself.
Result<std::string> sign_certificate(EVP_PKEY& subject_key, const CertificateNames& names, const Validity& validity,
                                     Kind kind, X509* issuer, EVP_PKEY& issuer_key) {
  const CertificatePtr made(X509_new());
  if (made == nullptr || X509_set_version(made.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(made.get(), &subject_key) != 1) {
    return fail_openssl(Errc::kInternal, "make a certificate");
  }
  X509& certificate = *made;
  if (issuer == nullptr) issuer = &certificate;
  TOBARI_TRY(set_serial(certificate));
  TOBARI_TRY(set_validity(certificate, validity));
  TOBARI_TRY(set_common_name(X509_get_subject_name(&certificate), names.common_name));
  if (X509_set_issuer_name(&certificate, X509_get_subject_name(issuer)) != 1) {
    return fail_openssl(Errc::kInternal, "set the issuer");
  }
  TOBARI_TRY(add_extensions(certificate, issuer, kind));
  TOBARI_TRY(add_alternative_names(certificate, names));
  if (X509_sign(&certificate, &issuer_key, EVP_sha256()) == 0) return fail_openssl(Errc::kInternal, "sign");
  return write_certificate(certificate);
}

Result<Identity> make_own(const CertificateNames& names, Validity validity, Kind kind) {
  TOBARI_ASSIGN(const KeyPtr key, new_key());
  TOBARI_ASSIGN(auto certificate, sign_certificate(*key, names, validity, kind, nullptr, *key));
  TOBARI_ASSIGN(auto key_pem, write_key(*key));
  return Identity{std::move(key_pem), std::move(certificate)};
}

Result<KeyPtr> key_of_request(std::span<const std::byte> der) {
  if (der.size() > kMaxCertificateBytes) return fail(Errc::kPeerProtocol, "certificate request larger than 64 KiB");
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  const RequestPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (request == nullptr || at != end) return fail_openssl(Errc::kPeerProtocol, "not a certificate request in DER");
  KeyPtr key(X509_REQ_get_pubkey(request.get()));
  char group[32] = "";
  if (key == nullptr || EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr) != 1 ||
      std::string_view(group) != "prime256v1") {
    return fail_openssl(Errc::kPeerProtocol, "the request's key is not P-256");
  }
  if (X509_REQ_verify(request.get(), key.get()) != 1) {
    return fail_openssl(Errc::kPeerProtocol, "the request is not signed by its own key");
  }
  return key;
}

}  // namespace

Result<std::string> make_key() {
  TOBARI_ASSIGN(const KeyPtr key, new_key());
  return write_key(*key);
}

Result<Der> make_request(std::string_view key_pem, std::string_view common_name) {
  TOBARI_ASSIGN(const KeyPtr key, read_key(key_pem));
  const RequestPtr request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_pubkey(request.get(), key.get()) != 1) {
    return fail_openssl(Errc::kInternal, "make a certificate request");
  }
  TOBARI_TRY(set_common_name(X509_REQ_get_subject_name(request.get()), common_name));
  if (X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0) return fail_openssl(Errc::kInternal, "sign");
  const int size = i2d_X509_REQ(request.get(), nullptr);
  if (size <= 0) return fail_openssl(Errc::kInternal, "write a certificate request");
  Der der(static_cast<std::size_t>(size));
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509_REQ(request.get(), &at);
  return der;
}

Result<Identity> make_ca(const std::string& common_name, Validity validity) {
  return make_own({.common_name = common_name, .uri = {}, .dns = {}, .ips = {}}, validity, Kind::kCa);
}

Result<Identity> make_self_signed(const CertificateNames& names, Validity validity) {
  return make_own(names, validity, Kind::kLeaf);
}

Result<std::string> issue(const Identity& ca, std::span<const std::byte> request, const CertificateNames& names,
                          Validity validity) {
  TOBARI_ASSIGN(const KeyPtr subject_key, key_of_request(request));
  TOBARI_ASSIGN(const CertificatePtr issuer, read_certificate(ca.certificate_pem));
  TOBARI_ASSIGN(const KeyPtr issuer_key, read_key(ca.key_pem));
  return sign_certificate(*subject_key, names, validity, Kind::kLeaf, issuer.get(), *issuer_key);
}

Result<Identity> issue_with_new_key(const Identity& ca, const CertificateNames& names, Validity validity) {
  TOBARI_ASSIGN(auto key_pem, make_key());
  TOBARI_ASSIGN(const Der request, make_request(key_pem, names.common_name));
  TOBARI_ASSIGN(auto certificate, issue(ca, request, names, validity));
  return Identity{std::move(key_pem), std::move(certificate)};
}

}  // namespace tobari::net
