// SPDX-License-Identifier: GPL-3.0-or-later
// The broker's REST interface as far as the client uses it, over real TLS on a free port of the loopback. Lives in the
// thread of its event loop. Tests change the members between requests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <QByteArray>
#include <QJsonObject>
#include <QObject>
#include <QSslServer>

#include "identity.h"

namespace tobari::client::test {

class FakeBroker : public QObject {
 public:
  struct Reply {
    int status = 200;
    QByteArray body;
    QByteArray headers;  // whole lines with line ends
  };

  FakeBroker();

  [[nodiscard]] QString address() const;  // "127.0.0.1:port"
  [[nodiscard]] const Identity& identity() const { return identity_; }
  void change_identity();  // another certificate from now on
  void stop_listening() { server_.close(); }

  static QByteArray problem(int status, const char* code, const char* detail);

  QString user = QStringLiteral("ada");
  QString password = QStringLiteral("correct horse");
  QString desktop_name = QStringLiteral("ada-desktop");
  int desktop_count = 1;
  QString pool_name;         // empty: the user is entitled to none
  int starting_answers = 0;  // so many times "desktop_starting" before a connect succeeds
  std::uint16_t rdp_port = 1;
  std::string rdp_fingerprint = std::string(64, '0');
  QByteArray ticket = "ticket-1";
  QByteArray routing_token = "routing-1";
  std::map<QByteArray, Reply> overrides;  // by "POST /api/v1/login"
  std::vector<QByteArray> requests;       // first lines without the query and the version
  std::vector<QByteArray> queries;        // of each, with the question mark
  QByteArray idempotency_key;             // of the last one
  std::vector<QJsonObject> bodies;
  QByteArray device_fingerprint;  // of the last request's device, SHA-256 in hex; empty: it showed none

  [[nodiscard]] int count(const QByteArray& request) const;

 private:
  void serve(QTcpSocket* socket);
  [[nodiscard]] Reply answer(const QByteArray& request, const QByteArray& authorization, const QJsonObject& body);
  [[nodiscard]] QByteArray desktops() const;
  [[nodiscard]] QByteArray connection() const;

  Identity identity_;
  QSslServer server_;
  QByteArray token_ = "token-1";
};

}  // namespace tobari::client::test
