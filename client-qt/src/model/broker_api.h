// SPDX-License-Identifier: GPL-3.0-or-later
// The broker's REST interface (broker/api/openapi.yaml) as this client needs it. Asynchronous, one thread: each call
// returns at once and `done` is called later from the event loop, once; after cancel(), or when this object is gone,
// never. The token of the sign-in is kept in memory and nowhere else.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <QByteArray>
#include <QJsonObject>
#include <QList>
#include <QObject>
#include <QString>

#include "model/device_identity.h"
#include "model/failure.h"
#include "model/messages.h"
#include "model/portal.h"
#include "model/portal_trust.h"
#include "model/problem_text.h"

class QNetworkAccessManager;
class QNetworkReply;
class QNetworkRequest;

namespace tobari::client {

class BrokerApi : public QObject {
  Q_OBJECT
 public:
  template <class T>
  using Done = std::function<void(Outcome<T>)>;

  // `trust` outlives this object.
  explicit BrokerApi(PortalTrust& trust, QObject* parent = nullptr);
  ~BrokerApi() override;

  // To every broker that asks for the certificate of this device.
  void show_device(DeviceIdentity device) { device_ = std::move(device); }

  void login(const Portal& portal, const QString& user, const QString& password, Done<SignIn> done);
  void desktops(Done<QList<Desktop>> done);
  void connect_desktop(const QString& id, Done<Connection> done);
  // `request`: a UUID; the same one again means the same desktop, whatever became of the answer.
  void connect_pool(const QString& id, const QByteArray& request, Done<Connection> done);
  // A small JPEG of what the desktop shows; refused wherever the policy does not allow it.
  void thumbnail(const QString& id, Done<QByteArray> done);
  // Best effort: the token is forgotten here at once, `done` comes whatever the broker answers.
  void logout(std::function<void()> done = [] {});
  void cancel();  // whatever is under way

  [[nodiscard]] bool signed_in() const { return !token_.isEmpty(); }

 private:
  using Finished = std::function<void(Outcome<QByteArray>)>;

  void send(Request request, const QByteArray& verb, const QString& path, const QJsonObject& body, Finished finished,
            const QByteArray& idempotency_key = {});
  void connect_to(const QString& path, const QByteArray& request, Done<Connection> done);
  // `path` may end in a query.
  [[nodiscard]] QNetworkRequest make_request(const QString& path) const;
  void watch_certificate(QNetworkReply* reply, const std::shared_ptr<Failure>& tls_failure);
  [[nodiscard]] PortalTrust::Verdict judge(QNetworkReply* reply, bool chain_valid, Failure& failure) const;

  PortalTrust& trust_;
  std::unique_ptr<QNetworkAccessManager> network_;
  std::unique_ptr<Portal> portal_;
  QByteArray token_;
  DeviceIdentity device_;
};

}  // namespace tobari::client
