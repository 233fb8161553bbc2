// SPDX-License-Identifier: GPL-3.0-or-later
// Devices' certificates at the HTTPS port: which hold, whose they are, and that each connection proves its key.
#include <array>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <tobari/base/clock.h>
#include <tobari/base/freed.h>
#include <tobari/base/random.h>
#include <tobari/net/pki.h>
#include <tobari/net/tcp_socket.h>

#include "daemon/device_authorities.h"
#include "http/device_certificates.h"
#include "http/http_server.h"
#include "http/https_client.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

struct Wish {
  const char* name = "pad-1";
  bool authority = false;
  const char* usage = "clientAuth";
  int begins_in_days = -1;
  int ends_in_days = 1;
};

// Like net::issue(), for certificates that it would not make. Without an issuer: signed by itself.
net::Identity make(const Wish& wish, const net::Identity* issuer = nullptr) {
  constexpr long kDay = 24L * 3600;
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), std::hash<std::string>()(random_token()));
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.begins_in_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.ends_in_days * kDay);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(wish.name), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  Key signer;
  if (issuer != nullptr) {
    const Bio certificate_text(BIO_new_mem_buf(issuer->certificate_pem.data(), -1));
    const Certificate above(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
    X509_set_issuer_name(made.get(), X509_get_subject_name(above.get()));
    const Bio key_text(BIO_new_mem_buf(issuer->key_pem.data(), -1));
    signer.reset(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  }
  const auto extend = [&made](int what, const char* value) {
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, what, value));
    X509_add_ext(made.get(), extension.get(), -1);
  };
  extend(NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  extend(NID_key_usage, wish.authority ? "critical,keyCertSign,digitalSignature" : "critical,digitalSignature");
  if (!wish.authority) extend(NID_ext_key_usage, wish.usage);
  X509_sign(made.get(), signer ? signer.get() : key.get(), EVP_sha256());
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), made.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.key_pem = text_of(key_text.get()), .certificate_pem = text_of(certificate_text.get())};
}

net::Identity authority(const char* name, const net::Identity* above = nullptr) {
  return make({.name = name, .authority = true}, above);
}

class Devices : public ::testing::Test {
 protected:
  // What the handler was told of the device, as text.
  void start(const std::vector<DeviceAuthority>& authorities) {
    const auto say = [](const Request& request, const Respond& respond) {
      std::string text = "not asked";
      if (request.device) text = "none" + request.device->issuer;
      if (request.device && request.device->sha256) {
        text = request.device->issuer + " " + to_hex(std::as_bytes(std::span(*request.device->sha256)));
      }
      respond({.status = 200, .content_type = "text/plain", .body = text, .headers = {}});
    };
    std::unique_ptr<DeviceCertificates> devices;
    if (!authorities.empty()) devices = std::move(DeviceCertificates::create(authorities)).value();
    server_ = std::move(HttpServer::start({"127.0.0.1", 0}, portal_, say, {}, std::move(devices))).value();
  }
  Result<Response> ask(const std::string& certificates = "", const std::string& key = "") {
    HttpsClient client({"127.0.0.1", server_->endpoint().port, portal_.certificate_pem, certificates, key});
    Request request;
    request.method = "GET";
    request.path = "/";
    return client.send(request);
  }
  std::string told(const net::Identity& device, const std::string& and_sent = "") {
    const auto answer = ask(device.certificate_pem + and_sent, device.key_pem);
    return answer ? answer->body : describe(answer.error());
  }
  static std::string of(const char* issuer, const net::Identity& device) {
    return std::string(issuer) + " " + net::fingerprint(device.certificate_pem).value();
  }

  // Whether a second connection goes on with the session of a first one.
  bool resumes(int version) {
    const std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> tls(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(tls.get(), version);
    SSL_CTX_set_max_proto_version(tls.get(), version);
    std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>> session;
    bool reused = false;
    for (int i = 0; i < 2; ++i) {
      const UniqueFd fd = net::connect_tcp(server_->endpoint(), 5s).value();
      const std::unique_ptr<SSL, Freed<SSL_free>> line(SSL_new(tls.get()));
      SSL_set_fd(line.get(), fd.get());
      if (session) SSL_set_session(line.get(), session.get());
      EXPECT_EQ(::fcntl(fd.get(), F_SETFL, 0), 0);
      EXPECT_EQ(SSL_connect(line.get()), 1);
      constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
      EXPECT_GT(SSL_write(line.get(), kGet.data(), static_cast<int>(kGet.size())), 0);
      std::array<char, 4096> answer{};
      EXPECT_GT(SSL_read(line.get(), answer.data(), answer.size()), 0);  // what TLS 1.3 resumes with came before it
      reused = SSL_session_reused(line.get()) == 1;
      session.reset(SSL_get1_session(line.get()));
      SSL_shutdown(line.get());
    }
    return reused;
  }

  SystemClock clock_;
  const net::Identity portal_ =
      net::make_self_signed({"test", "", {"localhost"}, {"127.0.0.1"}}, {clock_.wall(), 1}).value();
  const net::Identity house_ = authority("house");
  const net::Identity branch_ = authority("branch", &house_);
  const net::Identity pad_ = make({}, &house_);
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Devices, WithoutAnAuthorityNobodyIsAsked) {
  start({});
  EXPECT_EQ(told(pad_), "not asked");
}

TEST_F(Devices, WhatHoldsIsKnownAndAnythingElseIsNone) {
  start({{"house-devices", house_.certificate_pem, "house.pem"}});
  EXPECT_EQ(ask()->body, "none");
  EXPECT_EQ(told(pad_), of("house-devices", pad_));
  const net::Identity unlimited = make({.usage = "clientAuth,serverAuth"}, &house_);
  EXPECT_EQ(told(unlimited), of("house-devices", unlimited));
  const net::Identity stranger = authority("house");  // the same name, another key
  EXPECT_EQ(told(make({}, &stranger), stranger.certificate_pem), "none") << "of another authority";
  EXPECT_EQ(told(make({.begins_in_days = -9, .ends_in_days = -1}, &house_)), "none") << "expired";
  EXPECT_EQ(told(make({.begins_in_days = 1, .ends_in_days = 9}, &house_)), "none") << "not valid yet";
  EXPECT_EQ(told(make({})), "none") << "signed by itself";
  EXPECT_EQ(told(make({.usage = "serverAuth"}, &house_)), "none") << "for servers only";
  EXPECT_EQ(told(make({}, &pad_), pad_.certificate_pem), "none") << "of a device, which is no authority";
  EXPECT_EQ(told(house_), "none") << "the authority itself";
}

TEST_F(Devices, TheChainMayBeSentOrBeginInTheMiddle) {
  const net::Identity below = make({}, &branch_);
  start({{"house-devices", house_.certificate_pem, "house.pem"}});
  EXPECT_EQ(told(below, branch_.certificate_pem), of("house-devices", below));
  EXPECT_EQ(told(below), "none") << "nobody knows who is between";
  start({{"branch-devices", branch_.certificate_pem, "branch.pem"}});
  EXPECT_EQ(told(below), of("branch-devices", below));
  EXPECT_EQ(told(pad_), "none") << "the house itself is not configured";
}

TEST_F(Devices, TheNearestConfiguredAuthorityIsTheIssuer) {
  start({{"house-devices", house_.certificate_pem, "house.pem"}, {"branch-devices", branch_.certificate_pem, "b.pem"}});
  const net::Identity below = make({}, &branch_);
  EXPECT_EQ(told(below), of("branch-devices", below));
  EXPECT_EQ(told(below, branch_.certificate_pem), of("branch-devices", below));
  EXPECT_EQ(told(pad_), of("house-devices", pad_));
}

TEST_F(Devices, AChainThatIsTooLongToSendOrToFollow) {
  start({{"house-devices", house_.certificate_pem, "house.pem"}});
  std::string ballast;
  for (int i = 0; i < 300; ++i) ballast += branch_.certificate_pem;
  EXPECT_FALSE(ask(pad_.certificate_pem + ballast, pad_.key_pem).has_value());
  net::Identity last = house_;
  std::string between;
  for (int i = 0; i <= DeviceCertificates::kMaxIntermediates; ++i) {
    last = authority(std::to_string(i).c_str(), &last);
    between = last.certificate_pem + between;
  }
  EXPECT_EQ(told(make({}, &last), between), "none");
  EXPECT_EQ(told(pad_), of("house-devices", pad_)) << "nobody else is hurt";
}

TEST_F(Devices, EveryConnectionProvesItsKey) {
  start({});
  EXPECT_TRUE(resumes(TLS1_2_VERSION)) << "where nobody is asked";
  EXPECT_TRUE(resumes(TLS1_3_VERSION));
  start({{"house-devices", house_.certificate_pem, "house.pem"}});
  EXPECT_FALSE(resumes(TLS1_2_VERSION));
  EXPECT_FALSE(resumes(TLS1_3_VERSION));
}

TEST(ShownDevice, EndsWithItsCertificate) {
  const ShownDevice shown{.certificate = {.sha256 = policy::Sha256Bytes{1}, .issuer = "house"},
                          .until = std::chrono::system_clock::time_point(1h)};
  EXPECT_EQ(shown.at(std::chrono::system_clock::time_point(59min)), shown.certificate);
  EXPECT_EQ(shown.at(std::chrono::system_clock::time_point(1h)), policy::DeviceCertificate{});
}

TEST_F(Devices, AuthoritiesThatCannotBeUsedAreNamed) {
  const auto why = [](const std::vector<DeviceAuthority>& from) {
    const auto made = DeviceCertificates::create(from);
    return made ? std::string() : made.error().message;
  };
  const std::string house = house_.certificate_pem;
  EXPECT_THAT(why({{"a", "nothing", "a.pem"}}), HasSubstr("'a', a.pem: holds no certificate"));
  EXPECT_THAT(why({{"a", house.substr(0, house.size() / 2), "a.pem"}}), HasSubstr("number 1 cannot be read"));
  EXPECT_THAT(why({{"a", house + pad_.certificate_pem, "a.pem"}}), HasSubstr("number 2 is no authority's"));
  EXPECT_THAT(why({{"a", house, "a.pem"}, {"b", house, "b.pem"}}), HasSubstr("same key is in 'a' already"));
  EXPECT_THAT(why({{"a", house, "a.pem"}, {"a", branch_.certificate_pem, "b.pem"}}), HasSubstr("twice"));
  std::string many;
  for (std::size_t i = 0; i <= DeviceCertificates::kMaxCertificates; ++i) many += house;
  EXPECT_THAT(why({{"a", many, "a.pem"}}), HasSubstr("more than 16 certificates"));
  EXPECT_EQ(why({{"a", house + branch_.certificate_pem, "a.pem"}}), "");
  const auto gone = load_device_authorities({{"a", "/nonexistent/a.pem"}});
  EXPECT_THAT(gone.error().message, HasSubstr("device authority 'a': put its certificates there"));
  EXPECT_THAT(gone.error().message, HasSubstr("/nonexistent/a.pem"));
  EXPECT_EQ(load_device_authorities({}).value(), nullptr);
}

}  // namespace
}  // namespace tobari::broker
