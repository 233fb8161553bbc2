// SPDX-License-Identifier: GPL-3.0-or-later
// The bodies of broker/api/openapi.yaml that this client reads. Parsing is pure and strict: a missing member, a wrong
// type or a value outside its range refuses the whole body. Members that we do not know are left alone, so that a newer
// broker may say more.
#pragma once

#include <cstdint>
#include <optional>

#include <QByteArray>
#include <QList>
#include <QString>

#include "model/failure.h"

namespace tobari::client {

inline constexpr qsizetype kMaxBodyBytes = qsizetype{64} * 1024;

struct SignIn {
  QByteArray token;  // secret: lives in memory only
  QString user;
};

enum class DesktopState : std::uint8_t { kStopped, kStarting, kRunning, kFailed, kUnreachable };

// A desktop, or a pool that gives the user one.
struct Desktop {
  QString id;  // of the pool when it is one
  QString name;
  DesktopState state = DesktopState::kStopped;
  QString detail;
  bool of_pool = false;
  QString own{};  // of a pool: the desktop there that is the user's; empty: none yet

  [[nodiscard]] const QString& desktop_id() const { return of_pool ? own : id; }
};

// Everything that one connection to a desktop needs; good once, for 60 seconds.
struct Connection {
  QString address;
  std::uint16_t port = 0;
  QByteArray routing_token;  // secret
  QString user;
  QString ticket;       // secret
  QString fingerprint;  // 64 lower-case hex digits
};

// RFC 9457.
struct Problem {
  QString code;
  QString detail;
};

[[nodiscard]] Outcome<SignIn> parse_sign_in(const QByteArray& body);
[[nodiscard]] Outcome<QList<Desktop>> parse_desktops(const QByteArray& body);
[[nodiscard]] Outcome<Connection> parse_connection(const QByteArray& body);
[[nodiscard]] std::optional<Problem> parse_problem(const QByteArray& body);

}  // namespace tobari::client
