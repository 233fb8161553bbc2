// SPDX-License-Identifier: GPL-3.0-or-later
// OpenSSL's objects with owners, and its error queue as an Error. Private to src/net.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <tobari/base/freed.h>
#include <tobari/base/result.h>
#include <tobari/net/pki.h>

namespace tobari::net {

using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, Freed<GENERAL_NAME_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;

// "WHAT: last reason of OpenSSL"; empties this thread's error queue.
[[nodiscard]] std::unexpected<Error> fail_openssl(Errc code, std::string_view what, const char* file = __builtin_FILE(),
                                                  int line = __builtin_LINE());

[[nodiscard]] Result<KeyPtr> read_key(std::string_view pem);
[[nodiscard]] Result<CertificatePtr> read_certificate(std::string_view pem);
[[nodiscard]] Result<CertificatePtr> read_certificate_der(std::span<const std::byte> der);
[[nodiscard]] Result<std::string> write_key(EVP_PKEY& key);
[[nodiscard]] Result<std::string> write_certificate(X509& certificate);

}  // namespace tobari::net
