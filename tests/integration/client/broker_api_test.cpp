// SPDX-License-Identifier: GPL-3.0-or-later
// BrokerApi against a broker over real TLS.
#include "model/broker_api.h"

#include <QFile>
#include <QSettings>
#include <QTemporaryDir>
#include <gtest/gtest.h>

#include "fake_broker.h"
#include "wait_until.h"

namespace tobari::client {
namespace {

using test::FakeBroker;
using test::wait_until;

class BrokerApiTest : public ::testing::Test {
 protected:
  void trust_it() { trust_.require_fingerprint(QString::fromStdString(broker_.identity().fingerprint)); }

  Outcome<SignIn> login(const QString& password) {
    std::optional<Outcome<SignIn>> answer;
    api_.login(*Portal::parse(broker_.address()), broker_.user, password,
               [&](Outcome<SignIn> a) { answer = std::move(a); });
    EXPECT_TRUE(wait_until([&] { return answer.has_value(); }));
    return *answer;
  }
  Outcome<SignIn> login() { return login(broker_.password); }

  Outcome<Connection> connect_desktop() {
    std::optional<Outcome<Connection>> answer;
    api_.connect_desktop(QStringLiteral("11111111-2222-4333-8444-555555555550"),
                         [&](Outcome<Connection> a) { answer = std::move(a); });
    EXPECT_TRUE(wait_until([&] { return answer.has_value(); }));
    return *answer;
  }

  QTemporaryDir folder_;
  QSettings settings_{folder_.filePath(QStringLiteral("s.ini")), QSettings::IniFormat};
  PortalTrust trust_{settings_};
  FakeBroker broker_;
  BrokerApi api_{trust_};
};

TEST_F(BrokerApiTest, SignsInListsAndConnects) {
  trust_it();
  ASSERT_TRUE(login());
  std::optional<Outcome<QList<Desktop>>> desktops;
  api_.desktops([&](Outcome<QList<Desktop>> a) { desktops = std::move(a); });
  ASSERT_TRUE(wait_until([&] { return desktops.has_value(); }));
  ASSERT_TRUE(desktops->has_value());
  EXPECT_EQ((*desktops)->front().name, broker_.desktop_name);
  const auto connection = connect_desktop();
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->ticket.toStdString(), broker_.ticket.toStdString());
  EXPECT_TRUE(broker_.bodies.back().contains(QStringLiteral("client_kind")));
}

TEST_F(BrokerApiTest, ListsPoolsAndConnectsToOneByARequestOfItsOwn) {
  trust_it();
  ASSERT_TRUE(login());
  broker_.pool_name = QStringLiteral("office");
  std::optional<Outcome<QList<Desktop>>> desktops;
  api_.desktops([&](Outcome<QList<Desktop>> a) { desktops = std::move(a); });
  ASSERT_TRUE(wait_until([&] { return desktops.has_value(); }));
  ASSERT_TRUE(desktops->has_value());
  EXPECT_TRUE(broker_.queries.back().startsWith("?client=tobari-client/"));
  ASSERT_EQ((*desktops)->size(), 2);
  const Desktop pool = (*desktops)->front();
  EXPECT_TRUE(pool.of_pool);
  EXPECT_EQ(pool.name.toStdString(), "office");
  std::optional<Outcome<Connection>> answer;
  const QByteArray request = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  api_.connect_pool(pool.id, request, [&](Outcome<Connection> a) { answer = std::move(a); });
  ASSERT_TRUE(wait_until([&] { return answer.has_value(); }));
  EXPECT_TRUE(answer->has_value());
  EXPECT_EQ(broker_.count("POST /api/v1/pools/" + pool.id.toUtf8() + "/connect"), 1);
  EXPECT_EQ(broker_.idempotency_key.toStdString(), request.toStdString());
  EXPECT_TRUE(connect_desktop());
  EXPECT_TRUE(broker_.idempotency_key.isEmpty());
}

TEST_F(BrokerApiTest, ShowsTheDevicesCertificateWhenItHasOne) {
  trust_it();
  ASSERT_TRUE(login());
  EXPECT_TRUE(broker_.device_fingerprint.isEmpty());
  const auto write = [this](const char* name, const std::string& text) {
    QFile file(folder_.filePath(QLatin1String(name)));
    EXPECT_TRUE(file.open(QIODevice::WriteOnly));
    file.write(QByteArray::fromStdString(text));
    file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    return file.fileName();
  };
  const test::Identity device = test::make_identity();
  const QString certificate = write("device.crt", device.certificate_pem);
  const QString key = write("device.key", device.key_pem);
  const auto problem = [&](const QString& of, const QString& with) {
    const auto read = read_device_identity(of, with);
    return read ? std::string() : read.error().toStdString();
  };
  EXPECT_NE(problem(certificate, folder_.filePath("gone")).find("cannot read"), std::string::npos);
  EXPECT_NE(problem(key, key).find("no certificate in"), std::string::npos);
  EXPECT_NE(problem(certificate, write("other.key", broker_.identity().key_pem)).find("cannot be used"),
            std::string::npos);
  QFile::setPermissions(key, QFileDevice::ReadOwner | QFileDevice::ReadOther);
  EXPECT_NE(problem(certificate, key).find("chmod"), std::string::npos);
  QFile::setPermissions(key, QFileDevice::ReadOwner);
  auto identity = read_device_identity(certificate, key);
  ASSERT_TRUE(identity) << identity.error().toStdString();
  api_.show_device(*std::move(identity));
  ASSERT_TRUE(login());
  EXPECT_EQ(broker_.device_fingerprint.toStdString(), device.fingerprint);
}

TEST_F(BrokerApiTest, FetchesAThumbnailOrTheReasonForNone) {
  trust_it();
  ASSERT_TRUE(login());
  const QString id = QStringLiteral("11111111-2222-4333-8444-555555555550");
  const auto fetch = [&] {
    std::optional<Outcome<QByteArray>> answer;
    api_.thumbnail(id, [&](Outcome<QByteArray> a) { answer = std::move(a); });
    EXPECT_TRUE(wait_until([&] { return answer.has_value(); }));
    return *answer;
  };
  auto& reply = broker_.overrides["GET /api/v1/desktops/11111111-2222-4333-8444-555555555550/thumbnail"];
  reply = {.status = 200, .body = QByteArray("\xFF\xD8\xFF\x00picture", 11), .headers = {}};
  EXPECT_EQ(fetch().value_or(QByteArray()).toStdString(), reply.body.toStdString());
  reply = {.status = 403, .body = FakeBroker::problem(403, "policy_denied", "no rule allows it"), .headers = {}};
  EXPECT_EQ(fetch().error().kind, FailureKind::kNotAllowed);
  reply = {.status = 200, .body = QByteArray(kMaxBodyBytes + 1, 'x'), .headers = {}};
  EXPECT_EQ(fetch().error().kind, FailureKind::kBadReply);
}

TEST_F(BrokerApiTest, SaysThatThePasswordIsWrong) {
  trust_it();
  const auto answer = login(QStringLiteral("no"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kWrongPassword);
  EXPECT_FALSE(api_.signed_in());
}

TEST_F(BrokerApiTest, SendsNothingToAnUnknownCertificate) {
  const auto answer = login();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kUnknownCertificate);
  EXPECT_EQ(answer.error().fingerprint.toStdString(), broker_.identity().fingerprint);
  EXPECT_TRUE(broker_.requests.empty());
}

TEST_F(BrokerApiTest, RemembersACertificateAndRefusesAnother) {
  trust_.remember(broker_.address(), QString::fromStdString(broker_.identity().fingerprint));
  ASSERT_TRUE(login());
  broker_.requests.clear();
  broker_.change_identity();
  const auto answer = login();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kChangedCertificate);
  EXPECT_TRUE(broker_.requests.empty());
}

TEST_F(BrokerApiTest, TrustsACaFileForTheHostsThatItNames) {
  trust_.use_ca(QSslCertificate::fromData(QByteArray::fromStdString(broker_.identity().certificate_pem)));
  EXPECT_TRUE(login());
}

TEST_F(BrokerApiTest, RefusesWhatAnotherCaSigned) {
  trust_.use_ca(QSslCertificate::fromData(QByteArray::fromStdString(test::make_identity().certificate_pem)));
  const auto answer = login();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kChangedCertificate);
  EXPECT_TRUE(broker_.requests.empty());
}

// A certificate that a CA vouches for is not good enough when another one is pinned (T5).
TEST_F(BrokerApiTest, APinCountsMoreThanAValidChain) {
  trust_.use_ca(QSslCertificate::fromData(QByteArray::fromStdString(broker_.identity().certificate_pem)));
  trust_.require_fingerprint(QString::fromStdString(test::make_identity().fingerprint));
  const auto answer = login();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kChangedCertificate);
  EXPECT_TRUE(broker_.requests.empty());
}

TEST_F(BrokerApiTest, PassesOnThatADesktopIsStarting) {
  trust_it();
  ASSERT_TRUE(login());
  broker_.starting_answers = 1;
  const auto answer = connect_desktop();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kStarting);
  EXPECT_EQ(answer.error().retry_after.count(), 1);
}

TEST_F(BrokerApiTest, RefusesAnAnswerThatIsTooLarge) {
  trust_it();
  broker_.overrides["POST /api/v1/login"] = {.status = 200, .body = QByteArray(kMaxBodyBytes * 4, ' '), .headers = {}};
  const auto answer = login();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kBadReply);
}

TEST_F(BrokerApiTest, DoesNotFollowARedirection) {
  trust_it();
  broker_.overrides["POST /api/v1/login"] = {
      .status = 307, .body = {}, .headers = "Location: https://" + broker_.address().toUtf8() + "/elsewhere\r\n"};
  EXPECT_FALSE(login());
  EXPECT_EQ(broker_.requests.size(), 1U);
}

TEST_F(BrokerApiTest, SaysThatNobodyAnswers) {
  trust_it();
  broker_.stop_listening();
  const auto answer = login();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FailureKind::kNetwork);
  EXPECT_TRUE(answer.error().text.contains(broker_.address()));
}

TEST_F(BrokerApiTest, ForgetsItsTokenAtSignOut) {
  trust_it();
  ASSERT_TRUE(login());
  api_.logout();
  EXPECT_FALSE(api_.signed_in());
  EXPECT_TRUE(wait_until([&] { return broker_.count("POST /api/v1/logout") == 1; }));
}

TEST_F(BrokerApiTest, CallsNobodyAfterCancel) {
  trust_it();
  bool called = false;
  api_.login(*Portal::parse(broker_.address()), broker_.user, broker_.password,
             [&](const Outcome<SignIn>&) { called = true; });
  api_.cancel();
  EXPECT_FALSE(wait_until([&] { return called; }, std::chrono::milliseconds(100)));
}

}  // namespace
}  // namespace tobari::client
