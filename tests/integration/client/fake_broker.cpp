// SPDX-License-Identifier: GPL-3.0-or-later
#include "fake_broker.h"

#include <algorithm>
#include <memory>

#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslSocket>
#include <QTcpSocket>

namespace tobari::client::test {
namespace {

constexpr auto kDesktopId = "11111111-2222-4333-8444-55555555555%1";

QSslConfiguration configuration_of(const Identity& identity) {
  QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
  tls.setLocalCertificate(QSslCertificate(QByteArray::fromStdString(identity.certificate_pem)));
  tls.setPrivateKey(QSslKey(QByteArray::fromStdString(identity.key_pem), QSsl::Rsa));
  tls.setPeerVerifyMode(QSslSocket::QueryPeer);  // asks for the device's certificate, whatever it is
  return tls;
}

QByteArray json(const QJsonObject& object) { return QJsonDocument(object).toJson(QJsonDocument::Compact); }

QByteArray header_of(const QByteArray& head, const QByteArray& name) {
  for (const QByteArray& line : head.split('\n')) {
    const auto colon = line.indexOf(':');
    if (colon > 0 && line.left(colon).toLower() == name) return line.mid(colon + 1).trimmed();
  }
  return {};
}

}  // namespace

FakeBroker::FakeBroker() : identity_(make_identity()) {
  server_.setSslConfiguration(configuration_of(identity_));
  connect(&server_, &QTcpServer::pendingConnectionAvailable, this, [this] {
    while (QTcpSocket* socket = server_.nextPendingConnection()) serve(socket);
  });
  server_.listen(QHostAddress::LocalHost, 0);
}

QString FakeBroker::address() const { return QStringLiteral("127.0.0.1:%1").arg(server_.serverPort()); }

void FakeBroker::change_identity() {
  identity_ = make_identity();
  server_.setSslConfiguration(configuration_of(identity_));
}

QByteArray FakeBroker::problem(int status, const char* code, const char* detail) {
  return json({{"title", "problem"}, {"status", status}, {"code", code}, {"detail", detail}});
}

int FakeBroker::count(const QByteArray& request) const {
  return static_cast<int>(std::ranges::count(requests, request));
}

void FakeBroker::serve(QTcpSocket* socket) {
  const auto input = std::make_shared<QByteArray>();
  connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
  const auto read = [this, socket, input] {
    input->append(socket->readAll());
    const auto end = input->indexOf("\r\n\r\n");
    if (end < 0) return;
    const QByteArray head = input->left(end);
    const auto length = header_of(head, "content-length").toLongLong();
    if (input->size() < end + 4 + length) return;
    const QByteArray line = head.left(head.indexOf(" HTTP/"));
    const QByteArray request = line.contains('?') ? line.left(line.indexOf('?')) : line;
    queries.push_back(line.mid(request.size()));
    idempotency_key = header_of(head, "idempotency-key");
    const QJsonObject body = QJsonDocument::fromJson(input->mid(end + 4, length)).object();
    input->clear();
    requests.push_back(request);
    const auto* tls = qobject_cast<QSslSocket*>(socket);
    device_fingerprint =
        tls == nullptr ? QByteArray() : tls->peerCertificate().digest(QCryptographicHash::Sha256).toHex();
    if (tls != nullptr && tls->peerCertificate().isNull()) device_fingerprint.clear();
    bodies.push_back(body);
    const Reply reply = answer(request, header_of(head, "authorization"), body);
    socket->write("HTTP/1.1 " + QByteArray::number(reply.status) + " x\r\nContent-Type: application/json\r\n" +
                  reply.headers + "Content-Length: " + QByteArray::number(reply.body.size()) + "\r\n\r\n" + reply.body);
  };
  connect(socket, &QTcpSocket::readyRead, this, read);
  read();
}

FakeBroker::Reply FakeBroker::answer(const QByteArray& request, const QByteArray& authorization,
                                     const QJsonObject& body) {
  if (const auto found = overrides.find(request); found != overrides.end()) return found->second;
  if (request == "POST /api/v1/login") {
    if (body["user"].toString() != user || body["password"].toString() != password) {
      return {.status = 401, .body = problem(401, "wrong_credentials", "wrong user or password"), .headers = {}};
    }
    const QJsonObject who{{"name", user}, {"role", "user"}};
    return {
        .status = 200,
        .body = json({{"token", QString::fromLatin1(token_)}, {"expires_at", "2030-01-01T00:00:00Z"}, {"user", who}}),
        .headers = {}};
  }
  if (authorization != "Bearer " + token_)
    return {.status = 401, .body = problem(401, "signed_out", "sign in"), .headers = {}};
  if (request == "GET /api/v1/desktops") return {.status = 200, .body = desktops(), .headers = {}};
  if (request == "POST /api/v1/logout") return {.status = 204, .body = {}, .headers = {}};
  if (request.endsWith("/connect")) {
    if (starting_answers > 0) {
      --starting_answers;
      return {.status = 503, .body = problem(503, "desktop_starting", "starting"), .headers = "Retry-After: 1\r\n"};
    }
    return {.status = 200, .body = connection(), .headers = {}};
  }
  return {.status = 404, .body = problem(404, "not_found", "no such thing"), .headers = {}};
}

QByteArray FakeBroker::desktops() const {
  QJsonArray list;
  for (int i = 0; i < desktop_count; ++i) {
    list << QJsonObject{{"id", QString::fromLatin1(kDesktopId).arg(i)},
                        {"name", i == 0 ? desktop_name : desktop_name + QString::number(i)},
                        {"user", user},
                        {"image", "debian-13"},
                        {"vcpus", 2},
                        {"memory_mib", 1024},
                        {"state", i % 2 == 0 ? "running" : "stopped"}};
  }
  QJsonArray pools;
  if (!pool_name.isEmpty()) {
    pools << QJsonObject{{"id", QString::fromLatin1(kDesktopId).arg(8)}, {"name", pool_name}, {"kind", "floating"}};
  }
  return json({{"desktops", list}, {"pools", pools}});
}

QByteArray FakeBroker::connection() const {
  return json({{"session_id", QString::fromLatin1(kDesktopId).arg(9)},
               {"address", "127.0.0.1"},
               {"port", rdp_port},
               {"routing_token", QString::fromLatin1(routing_token)},
               {"user", user},
               {"ticket", QString::fromLatin1(ticket)},
               {"certificate_sha256", QString::fromStdString(rdp_fingerprint)},
               {"rdp_file", ""},
               {"expires_at", "2030-01-01T00:00:00Z"}});
}

}  // namespace tobari::client::test
