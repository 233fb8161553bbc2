// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/messages.h"

#include <cmath>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSet>
#include <QUuid>

#include "model/portal_trust.h"

namespace tobari::client {
namespace {

constexpr qsizetype kMaxToken = 4096;
constexpr qsizetype kMaxRoutingToken = 512;  // the X.224 request that carries it has 8 KiB at most
constexpr qsizetype kMaxName = 256;
constexpr qsizetype kMaxDetail = 1000;
constexpr qsizetype kMaxDesktops = 1000;

std::unexpected<Failure> bad_reply() {
  return failed(FailureKind::kBadReply,
                QStringLiteral("The server answered something that this program does not understand. Check the "
                               "address; if it is right, ask your administrator whether this program is up to date."));
}

std::optional<QJsonObject> object_of(const QByteArray& body) {
  if (body.size() > kMaxBodyBytes) return std::nullopt;
  const QJsonDocument document = QJsonDocument::fromJson(body);
  if (!document.isObject()) return std::nullopt;
  return document.object();
}

// A string of 1 to `max` characters without control characters: nothing that could break out of a header or a label.
std::optional<QString> text_of(const QJsonObject& object, const char* key, qsizetype max) {
  const QJsonValue value = object.value(QLatin1String(key));
  if (!value.isString()) return std::nullopt;
  const QString text = value.toString();
  if (text.isEmpty() || text.size() > max) return std::nullopt;
  for (const QChar c : text) {
    if (c.category() == QChar::Other_Control) return std::nullopt;
  }
  return text;
}

// What goes on the wire as it is: visible ASCII only, so that no line end can be smuggled in.
std::optional<QByteArray> token_of(const QJsonObject& object, const char* key, qsizetype max) {
  const auto text = text_of(object, key, max);
  if (!text) return std::nullopt;
  for (const QChar c : *text) {
    if (c <= QLatin1Char(' ') || c > QLatin1Char('~')) return std::nullopt;
  }
  return text->toLatin1();
}

std::optional<std::uint16_t> port_of(const QJsonObject& object) {
  const QJsonValue value = object.value(QLatin1String("port"));
  if (!value.isDouble()) return std::nullopt;
  const double number = value.toDouble();
  if (number < 1 || number > 65535 || std::floor(number) != number) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

std::optional<DesktopState> state_of(const QString& name) {
  if (name == QLatin1String("stopped")) return DesktopState::kStopped;
  if (name == QLatin1String("starting")) return DesktopState::kStarting;
  if (name == QLatin1String("running")) return DesktopState::kRunning;
  if (name == QLatin1String("failed")) return DesktopState::kFailed;
  if (name == QLatin1String("unreachable")) return DesktopState::kUnreachable;
  return std::nullopt;
}

std::optional<Desktop> desktop_of(const QJsonObject& object) {
  const auto id = text_of(object, "id", kMaxName);
  const auto name = text_of(object, "name", kMaxName);
  const auto state = text_of(object, "state", kMaxName);
  if (!id || !name || !state) return std::nullopt;
  const QUuid uuid = QUuid::fromString(*id);  // it becomes part of a path
  const auto known = state_of(*state);
  if (uuid.isNull() || !known) return std::nullopt;
  return Desktop{.id = uuid.toString(QUuid::WithoutBraces),
                 .name = *name,
                 .state = *known,
                 .detail = text_of(object, "detail", kMaxDetail).value_or(QString())};
}

// One that gives the user a desktop, whether or not there is one already.
std::optional<Desktop> pool_of(const QJsonObject& object) {
  const auto id = text_of(object, "id", kMaxName);
  const auto name = text_of(object, "name", kMaxName);
  const QUuid uuid = QUuid::fromString(id.value_or(QString()));
  if (!name || uuid.isNull()) return std::nullopt;
  Desktop pool{.id = uuid.toString(QUuid::WithoutBraces),
               .name = *name,
               .state = DesktopState::kStopped,
               .detail = text_of(object, "detail", kMaxDetail).value_or(QString()),
               .of_pool = true};
  if (!object.contains(QLatin1String("desktop_id"))) return pool;
  const QUuid own = QUuid::fromString(text_of(object, "desktop_id", kMaxName).value_or(QString()));
  const auto state = state_of(text_of(object, "state", kMaxName).value_or(QString()));
  if (own.isNull() || !state) return std::nullopt;
  pool.own = own.toString(QUuid::WithoutBraces);
  pool.state = *state;
  return pool;
}

}  // namespace

Outcome<SignIn> parse_sign_in(const QByteArray& body) {
  const auto object = object_of(body);
  if (!object) return bad_reply();
  const auto token = token_of(*object, "token", kMaxToken);
  const auto user = text_of(object->value(QLatin1String("user")).toObject(), "name", kMaxName);
  if (!token || !user) return bad_reply();
  return SignIn{.token = *token, .user = *user};
}

Outcome<QList<Desktop>> parse_desktops(const QByteArray& body) {
  const auto object = object_of(body);
  if (!object || !object->value(QLatin1String("desktops")).isArray()) return bad_reply();
  const QJsonArray array = object->value(QLatin1String("desktops")).toArray();
  if (array.size() > kMaxDesktops) return bad_reply();
  const QJsonArray pools = object->value(QLatin1String("pools")).toArray();  // older brokers have none
  if (pools.size() > kMaxDesktops) return bad_reply();
  QList<Desktop> desktops;
  QSet<QString> in_pools;  // a pool stands for the desktop that the user has there
  for (const QJsonValue& value : pools) {
    const auto pool = pool_of(value.toObject());
    if (!pool) return bad_reply();
    if (!pool->own.isEmpty()) in_pools.insert(pool->own);
    desktops << *pool;
  }
  for (const QJsonValue& value : array) {
    const auto desktop = desktop_of(value.toObject());
    if (!desktop) return bad_reply();
    if (!in_pools.contains(desktop->id)) desktops << *desktop;
  }
  return desktops;
}

Outcome<Connection> parse_connection(const QByteArray& body) {
  static const QRegularExpression kHost(QStringLiteral("\\A[A-Za-z0-9._:\\-]{1,255}\\z"));
  const auto object = object_of(body);
  if (!object) return bad_reply();
  const auto address = text_of(*object, "address", kMaxName);
  const auto port = port_of(*object);
  const auto routing_token = token_of(*object, "routing_token", kMaxRoutingToken);
  const auto user = text_of(*object, "user", kMaxName);
  const auto ticket = token_of(*object, "ticket", kMaxName);
  const auto fingerprint = text_of(*object, "certificate_sha256", kMaxName);
  if (!address || !port || !routing_token || !user || !ticket || !fingerprint) return bad_reply();
  const QString pin = normalized_fingerprint(*fingerprint);
  if (pin.isEmpty() || !kHost.match(*address).hasMatch()) return bad_reply();
  return Connection{.address = *address,
                    .port = *port,
                    .routing_token = *routing_token,
                    .user = *user,
                    .ticket = QString::fromLatin1(*ticket),
                    .fingerprint = pin};
}

std::optional<Problem> parse_problem(const QByteArray& body) {
  const auto object = object_of(body);
  if (!object) return std::nullopt;
  const auto code = text_of(*object, "code", kMaxName);
  if (!code) return std::nullopt;
  return Problem{.code = *code, .detail = text_of(*object, "detail", kMaxDetail).value_or(QString())};
}

}  // namespace tobari::client
