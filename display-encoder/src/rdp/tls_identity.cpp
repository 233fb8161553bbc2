// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/tls_identity.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <utility>

#include <tobari/base/clock.h>
#include <tobari/net/pki.h>

namespace tobari::display {
namespace {

constexpr int kValidDays = 3650;  // longer than any desktop lives: clients pin the certificate, they do not check dates

Result<TlsIdentity> complete(net::Identity made) {
  TOBARI_ASSIGN(std::string sha256, net::fingerprint(made.certificate_pem));
  return TlsIdentity{std::move(made.key_pem), std::move(made.certificate_pem), std::move(sha256)};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kInvalidArgument, "cannot read " + path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > net::kMaxCertificateBytes) return fail(Errc::kInvalidArgument, path + " is too large");
  return text;
}

}  // namespace

Result<TlsIdentity> make_tls_identity() {
  net::CertificateNames names;
  names.common_name = "tobari-display";
  names.dns = {"tobari-display"};
  TOBARI_ASSIGN(net::Identity made, net::make_self_signed(names, {SystemClock().wall(), kValidDays}));
  return complete(std::move(made));
}

Result<TlsIdentity> load_tls_identity(const std::string& certificate_file, const std::string& key_file) {
  net::Identity read;
  TOBARI_ASSIGN(read.certificate_pem, read_file(certificate_file));
  TOBARI_ASSIGN(read.key_pem, read_file(key_file));
  TOBARI_TRY(net::check_pair(read));
  return complete(std::move(read));
}

}  // namespace tobari::display
