// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/broker_api.h"

#include <QJsonDocument>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QSslConfiguration>
#include <QSslError>
#include <QSysInfo>

namespace tobari::client {
namespace {

constexpr int kTransferTimeoutMs = 20'000;
constexpr int kConnectTimeoutMs = 40'000;  // the broker waits 20 s for a desktop, and then for its display

Failure network_failure(const QNetworkReply& reply, const QString& portal) {
  QString text;
  switch (reply.error()) {
    case QNetworkReply::HostNotFoundError:
      text = QStringLiteral("There is no server named %1. Check the address and your network connection.");
      break;
    case QNetworkReply::ConnectionRefusedError:
      text = QStringLiteral("Nothing answers at %1. Check the address, or try again in a minute.");
      break;
    case QNetworkReply::OperationCanceledError:
    case QNetworkReply::TimeoutError:
      text = QStringLiteral("%1 takes too long to answer. Check your network connection and try again.");
      break;
    case QNetworkReply::SslHandshakeFailedError:
      text = QStringLiteral(
          "A safe connection to %1 could not be made. Check the address; if it is right, tell your "
          "administrator.");
      break;
    default:
      text = QStringLiteral("The connection to %1 failed. Check your network connection and try again.");
  }
  return Failure{.kind = FailureKind::kNetwork, .text = text.arg(portal), .retry_after = {}, .fingerprint = {}};
}

Failure too_large() {
  return Failure{
      .kind = FailureKind::kBadReply,
      .text = QStringLiteral("The server's answer is too large. Check the address; if it is right, tell your "
                             "administrator."),
      .retry_after = {},
      .fingerprint = {}};
}

}  // namespace

BrokerApi::BrokerApi(PortalTrust& trust, QObject* parent)
    : QObject(parent), trust_(trust), network_(std::make_unique<QNetworkAccessManager>()) {
  network_->setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);  // our API never redirects
}

BrokerApi::~BrokerApi() { cancel(); }

void BrokerApi::login(const Portal& portal, const QString& user, const QString& password, Done<SignIn> done) {
  portal_ = std::make_unique<Portal>(portal);
  token_.clear();
  network_->clearConnectionCache();  // what is trusted may have changed since a connection was made
  const QJsonObject body{{QStringLiteral("user"), user}, {QStringLiteral("password"), password}};
  send(Request::kLogin, "POST", QStringLiteral("login"), body,
       [this, done = std::move(done)](const Outcome<QByteArray>& reply) {
         auto sign_in = reply.and_then([](const QByteArray& text) { return parse_sign_in(text); });
         if (sign_in) token_ = sign_in->token;
         done(std::move(sign_in));
       });
}

void BrokerApi::desktops(Done<QList<Desktop>> done) {
  // Which pools there are may depend on the program.
  send(Request::kDesktops, "GET", QStringLiteral("desktops?client=tobari-client/" TOBARI_CLIENT_VERSION), {},
       [done = std::move(done)](const Outcome<QByteArray>& reply) {
         done(reply.and_then([](const QByteArray& text) { return parse_desktops(text); }));
       });
}

void BrokerApi::connect_desktop(const QString& id, Done<Connection> done) {
  connect_to(QStringLiteral("desktops/%1/connect").arg(id), {}, std::move(done));
}

void BrokerApi::connect_pool(const QString& id, const QByteArray& request, Done<Connection> done) {
  connect_to(QStringLiteral("pools/%1/connect").arg(id), request, std::move(done));
}

void BrokerApi::connect_to(const QString& path, const QByteArray& request, Done<Connection> done) {
  const QJsonObject body{{QStringLiteral("client_name"), QSysInfo::machineHostName().left(128)},
                         {QStringLiteral("client_kind"), QStringLiteral("tobari-client/" TOBARI_CLIENT_VERSION)}};
  send(
      Request::kConnect, "POST", path, body,
      [done = std::move(done)](const Outcome<QByteArray>& reply) {
        done(reply.and_then([](const QByteArray& text) { return parse_connection(text); }));
      },
      request);
}

void BrokerApi::thumbnail(const QString& id, Done<QByteArray> done) {
  send(Request::kThumbnail, "GET", QStringLiteral("desktops/%1/thumbnail").arg(id), {}, std::move(done));
}

void BrokerApi::logout(std::function<void()> done) {
  if (!signed_in()) return done();
  send(Request::kLogout, "POST", QStringLiteral("logout"), {},
       [done = std::move(done)](const Outcome<QByteArray>&) { done(); });
  token_.clear();
}

void BrokerApi::cancel() {
  for (QNetworkReply* reply : network_->findChildren<QNetworkReply*>()) {
    reply->disconnect(this);
    reply->abort();
    reply->deleteLater();
  }
}

QNetworkRequest BrokerApi::make_request(const QString& path) const {
  QNetworkRequest request(portal_->api(path));
  QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
  tls.setProtocol(QSsl::TlsV1_2OrLater);
  tls.setPeerVerifyMode(QSslSocket::VerifyPeer);
  if (!trust_.roots().isEmpty()) tls.setCaCertificates(trust_.roots());
  if (!device_.chain.isEmpty()) {
    tls.setLocalCertificateChain(device_.chain);
    tls.setPrivateKey(device_.key);
  }
  request.setSslConfiguration(tls);
  request.setTransferTimeout(kTransferTimeoutMs);
  request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
  request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
  request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
  request.setAttribute(QNetworkRequest::AuthenticationReuseAttribute, QNetworkRequest::Manual);
  request.setHeader(QNetworkRequest::UserAgentHeader, QStringLiteral("tobari-client/" TOBARI_CLIENT_VERSION));
  request.setRawHeader("Accept", "application/json, application/problem+json");
  if (!token_.isEmpty()) request.setRawHeader("Authorization", "Bearer " + token_);
  return request;
}

void BrokerApi::send(Request request, const QByteArray& verb, const QString& path, const QJsonObject& body,
                     Finished finished, const QByteArray& idempotency_key) {
  if (!portal_) {
    finished(failed(FailureKind::kSignedOut, QStringLiteral("You are not signed in. Sign in first.")));
    return;
  }
  QNetworkRequest message = make_request(path);
  if (request == Request::kConnect) message.setTransferTimeout(kConnectTimeoutMs);
  if (!idempotency_key.isEmpty()) message.setRawHeader("Idempotency-Key", idempotency_key);
  QByteArray content;
  if (!body.isEmpty()) {
    message.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/json"));
    content = QJsonDocument(body).toJson(QJsonDocument::Compact);
  }
  QNetworkReply* reply = network_->sendCustomRequest(message, verb, content);
  const auto local_failure = std::make_shared<Failure>();  // why we aborted: its text is empty while we did not
  const auto received = std::make_shared<QByteArray>();
  watch_certificate(reply, local_failure);
  connect(reply, &QNetworkReply::readyRead, this, [reply, received, local_failure] {
    received->append(reply->read(kMaxBodyBytes + 1 - received->size()));
    if (received->size() <= kMaxBodyBytes) return;
    *local_failure = too_large();
    reply->abort();
  });
  connect(reply, &QNetworkReply::finished, this,
          [this, reply, received, local_failure, request, finished = std::move(finished)] {
            reply->deleteLater();
            if (!local_failure->text.isEmpty()) return finished(std::unexpected(*local_failure));
            const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
            if (status == 0) return finished(std::unexpected(network_failure(*reply, portal_->name())));
            if (status / 100 == 2) return finished(*received);
            finished(std::unexpected(
                failure_of(request, status, parse_problem(*received), reply->rawHeader("Retry-After"))));
          });
}

// Decides before a byte of ours is sent: `encrypted` comes ahead of the request, and `sslErrors` ahead of that.
void BrokerApi::watch_certificate(QNetworkReply* reply, const std::shared_ptr<Failure>& tls_failure) {
  connect(reply, &QNetworkReply::sslErrors, this, [this, reply, tls_failure](const QList<QSslError>& errors) {
    if (judge(reply, false, *tls_failure) == PortalTrust::Verdict::kTrusted) reply->ignoreSslErrors(errors);
  });
  connect(reply, &QNetworkReply::encrypted, this, [this, reply, tls_failure] {
    if (!tls_failure->text.isEmpty()) return;
    // Reached with a valid chain, or with one that the pin vouches for: a pin decides alone either way.
    if (judge(reply, true, *tls_failure) != PortalTrust::Verdict::kTrusted) reply->abort();
  });
}

PortalTrust::Verdict BrokerApi::judge(QNetworkReply* reply, bool chain_valid, Failure& failure) const {
  const QString shown = fingerprint_of(reply->sslConfiguration().peerCertificate());
  const PortalTrust::Verdict verdict = trust_.judge(portal_->name(), shown, chain_valid);
  if (verdict == PortalTrust::Verdict::kUnknown) {
    failure = Failure{.kind = FailureKind::kUnknownCertificate,
                      .text = QStringLiteral("%1 is not known yet. Its certificate has this fingerprint:\n%2")
                                  .arg(portal_->name(), readable_fingerprint(shown)),
                      .retry_after = {},
                      .fingerprint = shown};
  } else if (verdict == PortalTrust::Verdict::kChanged) {
    failure =
        Failure{.kind = FailureKind::kChangedCertificate,
                .text = QStringLiteral("%1 shows another certificate than the one that is trusted. Somebody may be "
                                       "listening, so nothing was sent. Ask your administrator whether the "
                                       "certificate was changed; the new fingerprint is:\n%2")
                            .arg(portal_->name(), readable_fingerprint(shown)),
                .retry_after = {},
                .fingerprint = shown};
  }
  return verdict;
}

}  // namespace tobari::client
