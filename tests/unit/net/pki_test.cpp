// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/pki.h>

#include <gmock/gmock.h>

#include <tobari/base/clock.h>

namespace tobari::net {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Pki : public testing::Test {
 protected:
  Validity year() const { return {.now = clock_.wall(), .days = 365}; }
  Identity ca(const char* name = "test CA") const { return make_ca(name, year()).value(); }
  static CertificateNames node_names() {
    return {.common_name = "host one", .uri = "tobari://host/1", .dns = {}, .ips = {}};
  }
  ManualClock clock_;
};

TEST_F(Pki, IssuesForARequestWhatTheIssuerSays) {
  const Identity authority = ca();
  const std::string key = make_key().value();
  const Der request = make_request(key, "I am the broker").value();
  const std::string issued = issue(authority, request, node_names(), year()).value();

  const CertificateInfo info = inspect(issued).value();
  EXPECT_EQ(info.common_name, "host one");
  EXPECT_THAT(info.uris, ElementsAre("tobari://host/1"));
  EXPECT_THAT(info.dns, IsEmpty());
  EXPECT_FALSE(info.is_ca);
  EXPECT_EQ(info.not_after, clock_.wall() + hours(24 * 365));
  EXPECT_LT(info.not_before, clock_.wall());
  EXPECT_EQ(only_uri(issued).value(), "tobari://host/1");
  EXPECT_TRUE(check_pair({.key_pem = key, .certificate_pem = issued}).has_value());
  EXPECT_TRUE(verify(issued, authority.certificate_pem, clock_.wall()).has_value());
}

TEST_F(Pki, VerifyRefusesAnotherCaAndAnotherTime) {
  const Identity authority = ca();
  const Identity node = issue_with_new_key(authority, node_names(), year()).value();
  EXPECT_EQ(verify(node.certificate_pem, ca("test CA").certificate_pem, clock_.wall()).error().code,
            Errc::kUnauthenticated);
  EXPECT_THAT(verify(node.certificate_pem, authority.certificate_pem, clock_.wall() + hours(24 * 366)).error().message,
              HasSubstr("expired"));
  EXPECT_THAT(verify(node.certificate_pem, authority.certificate_pem, clock_.wall() - hours(1)).error().message,
              HasSubstr("not yet valid"));
}

TEST_F(Pki, ALeafCannotIssue) {
  const Identity authority = ca();
  const Identity node = issue_with_new_key(authority, node_names(), year()).value();
  const Identity forged = issue_with_new_key(node, node_names(), year()).value();
  EXPECT_FALSE(verify(forged.certificate_pem, node.certificate_pem, clock_.wall()).has_value());
}

TEST_F(Pki, NamesAreValuesNotConfigurationText) {
  const CertificateNames names{
      .common_name = "portal", .uri = "", .dns = {"a.example,DNS:evil.example"}, .ips = {"127.0.0.1", "::1"}};
  const Identity portal = make_self_signed(names, year()).value();
  const CertificateInfo info = inspect(portal.certificate_pem).value();
  EXPECT_THAT(info.dns, ElementsAre("a.example,DNS:evil.example"));
  EXPECT_THAT(info.ips, ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(only_uri(portal.certificate_pem).error().code, Errc::kUnauthenticated);
}

TEST_F(Pki, OneUriMeansNoOtherNameAtAll) {
  CertificateNames names = node_names();
  names.dns = {"tobari-broker"};
  EXPECT_FALSE(only_uri(make_self_signed(names, year())->certificate_pem).has_value());
}

TEST_F(Pki, FingerprintsAndFormsAgree) {
  const Identity display = make_self_signed({.common_name = "d", .uri = {}, .dns = {}, .ips = {}}, year()).value();
  const Der der = certificate_to_der(display.certificate_pem).value();
  EXPECT_EQ(certificate_from_der(der).value(), display.certificate_pem);
  EXPECT_EQ(fingerprint(display.certificate_pem)->size(), 64U);
  EXPECT_NE(fingerprint(display.certificate_pem).value(), fingerprint(ca().certificate_pem).value());
}

TEST_F(Pki, RefusesRequestsThatAreNone) {
  const Identity authority = ca();
  Der request = make_request(make_key().value(), "x").value();
  request[request.size() - 8] ^= std::byte{1};  // inside the signature
  EXPECT_EQ(issue(authority, request, node_names(), year()).error().code, Errc::kPeerProtocol);
  EXPECT_EQ(issue(authority, Der(100), node_names(), year()).error().code, Errc::kPeerProtocol);
  EXPECT_EQ(issue(authority, Der(kMaxCertificateBytes + 1), node_names(), year()).error().code, Errc::kPeerProtocol);
  Der longer = make_request(make_key().value(), "x").value();
  longer.push_back(std::byte{0});
  EXPECT_EQ(issue(authority, longer, node_names(), year()).error().code, Errc::kPeerProtocol);
}

TEST_F(Pki, RefusesArgumentsOutOfRange) {
  EXPECT_FALSE(make_ca("", year()).has_value());
  EXPECT_FALSE(make_ca(std::string(65, 'x'), year()).has_value());
  EXPECT_FALSE(make_ca("x", {.now = clock_.wall(), .days = 0}).has_value());
  EXPECT_FALSE(
      make_self_signed({.common_name = "x", .uri = {}, .dns = {}, .ips = {"not an address"}}, year()).has_value());
  EXPECT_FALSE(inspect("rubbish").has_value());
  EXPECT_FALSE(make_request("rubbish", "x").has_value());
}

TEST_F(Pki, AKeyOfAnotherCertificateIsNoticed) {
  EXPECT_EQ(check_pair({.key_pem = make_key().value(), .certificate_pem = ca().certificate_pem}).error().code,
            Errc::kInvalidArgument);
}

}  // namespace
}  // namespace tobari::net
