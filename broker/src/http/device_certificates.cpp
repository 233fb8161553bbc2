// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/device_certificates.h"

#include <algorithm>
#include <ctime>
#include <format>
#include <iterator>
#include <span>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <tobari/base/freed.h>
#include <tobari/base/log.h>
#include <tobari/base/random.h>

namespace tobari::broker {
namespace {

using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;

constexpr std::size_t kLoggedDigits = 16;

int no_passphrase(char*, int, int, void*) { return 0; }

policy::Sha256Bytes sha256_of(const X509& certificate) {
  policy::Sha256Bytes digest{};
  unsigned size = 0;
  ::X509_digest(&certificate, ::EVP_sha256(), digest.data(), &size);
  return digest;
}

bool is_authority(X509& certificate) { return ::X509_check_ca(&certificate) != 0; }

bool same_key(const X509& one, const X509& other) {
  const EVP_PKEY* key = ::X509_get0_pubkey(&one);
  return key != nullptr && ::EVP_PKEY_eq(key, ::X509_get0_pubkey(&other)) == 1;
}

std::size_t subject_bytes(const X509& certificate) {
  return static_cast<std::size_t>(std::max(0, ::i2d_X509_NAME(::X509_get_subject_name(&certificate), nullptr)));
}

std::unexpected<Error> wrong(const DeviceAuthority& authority, const std::string& what) {
  return fail(Errc::kInvalidArgument,
              std::format("device authority '{}', {}: {}", authority.name, authority.file, what));
}

Result<std::vector<CertificatePtr>> read_certificates(const DeviceAuthority& authority) {
  const std::string& pem = authority.certificates_pem;
  const BioPtr text(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (text == nullptr) return fail(Errc::kInternal, "make a buffer");
  std::vector<CertificatePtr> all;
  while (CertificatePtr next{::PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr)}) {
    if (all.size() == DeviceCertificates::kMaxCertificates) {
      return wrong(authority, std::format("holds more than {} certificates", DeviceCertificates::kMaxCertificates));
    }
    if (!is_authority(*next)) {
      return wrong(authority, std::format("its certificate number {} is no authority's; write here who signs devices' "
                                          "certificates, not the devices themselves",
                                          all.size() + 1));
    }
    all.push_back(std::move(next));
  }
  // The end of the text is "no start line"; anything else is a certificate that cannot be read.
  const unsigned long last = ::ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  if (!at_end) return wrong(authority, std::format("its certificate number {} cannot be read", all.size() + 1));
  if (all.empty()) return wrong(authority, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  return all;
}

// The verdict stays with the connection (SSL_get_verify_result), which goes on whatever it is.
int verify_and_go_on(X509_STORE_CTX* context, void*) {
  if (::X509_verify_cert(context) != 1 && ::X509_STORE_CTX_get_error(context) == X509_V_OK) {
    ::X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED);
  }
  ::ERR_clear_error();
  return 1;
}

std::chrono::system_clock::time_point end_of(const X509& certificate) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(&certificate), &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace

struct DeviceCertificates::Trusted {
  struct Anchor {
    std::string name;
    CertificatePtr certificate;
  };

  Result<void> add(const DeviceAuthority& authority) {
    if (std::ranges::contains(anchors, authority.name, &Anchor::name)) {
      return wrong(authority, "the name is there twice; list its certificates in one file, or give it another name");
    }
    TOBARI_ASSIGN(std::vector<CertificatePtr> read, read_certificates(authority));
    std::vector<Anchor> added;
    for (CertificatePtr& certificate : read) {
      // Whom a device belongs to must not depend on which of two certificates OpenSSL finds first.
      const auto known = std::ranges::find_if(
          anchors, [&certificate](const Anchor& other) { return same_key(*certificate, *other.certificate); });
      if (known != anchors.end()) {
        return wrong(authority, std::format("a certificate of the same key is in '{}' already; leave it in one of them",
                                            known->name));
      }
      total_subject_bytes += subject_bytes(*certificate);
      if (::X509_STORE_add_cert(store.get(), certificate.get()) != 1) return wrong(authority, "cannot be used");
      added.push_back({authority.name, std::move(certificate)});
    }
    std::ranges::move(added, std::back_inserter(anchors));
    if (total_subject_bytes <= kMaxSubjectBytes) return {};
    return wrong(authority, "the names of all device authorities together are over 12 KiB; configure fewer");
  }

  [[nodiscard]] const Anchor* find(const X509& certificate) const {
    const auto found = std::ranges::find_if(anchors, [&certificate](const Anchor& anchor) {
      return ::X509_cmp(anchor.certificate.get(), &certificate) == 0;
    });
    return found == anchors.end() ? nullptr : &*found;
  }

  std::vector<Anchor> anchors;
  StorePtr store{::X509_STORE_new()};
  std::size_t total_subject_bytes = 0;
};

DeviceCertificates::DeviceCertificates(std::unique_ptr<Trusted> trusted) : trusted_(std::move(trusted)) {}
DeviceCertificates::~DeviceCertificates() = default;

Result<std::unique_ptr<DeviceCertificates>> DeviceCertificates::create(const std::vector<DeviceAuthority>& from) {
  if (from.size() > kMaxAuthorities) {
    return fail(Errc::kInvalidArgument, std::format("there are more than {} device authorities", kMaxAuthorities));
  }
  auto trusted = std::make_unique<Trusted>();
  if (trusted->store == nullptr) return fail(Errc::kInternal, "make a certificate store");
  for (const DeviceAuthority& authority : from) TOBARI_TRY(trusted->add(authority));
  return std::unique_ptr<DeviceCertificates>(new DeviceCertificates(std::move(trusted)));
}

// SSL_CTX_ctrl instead of its macros, which have old-style casts.
Result<void> DeviceCertificates::ask_in(ssl_ctx_st& server) const {
  // A store for devices alone: the portal's own chain is not made of it.
  if (::SSL_CTX_ctrl(&server, SSL_CTRL_SET_VERIFY_CERT_STORE, 1, trusted_->store.get()) != 1) {
    return fail(Errc::kInternal, "set the device authorities");
  }
  for (const Trusted::Anchor& anchor : trusted_->anchors) {
    if (::SSL_CTX_add_client_CA(&server, anchor.certificate.get()) != 1) {
      return fail(Errc::kInternal, "name the device authorities");
    }
  }
  X509_VERIFY_PARAM* rules = ::SSL_CTX_get0_param(&server);
  ::X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  ::X509_VERIFY_PARAM_set_depth(rules, kMaxIntermediates);
  ::X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
  ::SSL_CTX_set_verify(&server, SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_cert_verify_callback(&server, verify_and_go_on, nullptr);
  ::SSL_CTX_ctrl(&server, SSL_CTRL_SET_MAX_CERT_LIST, kMaxShownBytes, nullptr);
  ::SSL_CTX_set_options(&server, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_num_tickets(&server, 0);
  ::SSL_CTX_ctrl(&server, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
  return {};
}

ShownDevice DeviceCertificates::shown_by(const ssl_st& connection, const std::string& client) {
  const X509* leaf = ::SSL_get0_peer_certificate(&connection);
  if (leaf == nullptr) return {};
  const long verdict = ::SSL_get_verify_result(&connection);
  const STACK_OF(X509)* chain = ::SSL_get0_verified_chain(&connection);
  if (verdict != X509_V_OK || chain == nullptr) {
    log_refused(connection, client, ::X509_verify_cert_error_string(verdict));
    return {};
  }
  ShownDevice shown{.certificate = {}, .until = end_of(*leaf)};
  const Trusted::Anchor* authority = nullptr;
  for (int i = 1; i < sk_X509_num(chain); ++i) {  // 0 is the device's own
    const X509& above = *sk_X509_value(chain, i);
    shown.until = std::min(shown.until, end_of(above));
    if (authority == nullptr) authority = trusted_->find(above);
  }
  if (authority == nullptr) {
    log_refused(connection, client, "it is an authority's own, not a device's");
    return {};
  }
  shown.certificate = {.sha256 = sha256_of(*leaf), .issuer = authority->name};
  return shown;
}

void DeviceCertificates::log_refused(const ssl_st& connection, const std::string& client, const char* why) {
  const auto now = std::chrono::steady_clock::now();
  if (logged_at_ && now < *logged_at_ + kLogEvery) {
    ++unlogged_;
    return;
  }
  logged_at_ = now;
  const policy::Sha256Bytes digest = sha256_of(*::SSL_get0_peer_certificate(&connection));
  log::warning("a device's certificate does not hold and counts as none",
               {{"client", client},
                {"why", why},
                {"sha256", to_hex(std::as_bytes(std::span(digest))).substr(0, kLoggedDigits)},
                {"unlogged", std::to_string(std::exchange(unlogged_, 0))}});
}

}  // namespace tobari::broker
