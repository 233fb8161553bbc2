// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/problem_text.h"

#include <algorithm>

namespace tobari::client {
namespace {

std::chrono::seconds retry_after_of(const QByteArray& header) {
  bool number = false;
  const int seconds = header.trimmed().toInt(&number);
  if (!number) return kDefaultRetryAfter;
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(1), kMaxRetryAfter);
}

// The broker's `detail` is for people too: lower case, no full stop (docs/DEVELOPING.md). Shown as a sentence of its
// own.
QString with_detail(const QString& text, const std::optional<Problem>& problem) {
  if (!problem || problem->detail.isEmpty()) return text;
  QString detail = problem->detail;
  detail[0] = detail[0].toUpper();
  if (!detail.endsWith(QLatin1Char('.'))) detail += QLatin1Char('.');
  return text + QStringLiteral("\n\n") + detail;
}

Failure make(FailureKind kind, const QString& text, std::chrono::seconds retry_after = {}) {
  return Failure{.kind = kind, .text = text, .retry_after = retry_after, .fingerprint = {}};
}

}  // namespace

Failure failure_of(Request request, int status, const std::optional<Problem>& problem,
                   const QByteArray& retry_after_header) {
  const std::chrono::seconds retry_after = retry_after_of(retry_after_header);
  if (problem && problem->code == QLatin1String("desktop_starting")) {
    return make(FailureKind::kStarting, QStringLiteral("Your desktop is starting"), retry_after);
  }
  if (problem && problem->code == QLatin1String("no_desktop_free")) {
    return make(FailureKind::kBusy,
                with_detail(QStringLiteral("No desktop is free for you just now. Try again in a minute; if that does "
                                           "not help, tell your administrator."),
                            problem),
                retry_after);
  }
  if (problem && problem->code == QLatin1String("given_back")) {
    return make(FailureKind::kSession,
                QStringLiteral("Your desktop was given back meanwhile. Connect again for a fresh one."));
  }
  switch (status) {
    case 401:
      if (request == Request::kLogin) {
        return make(FailureKind::kWrongPassword,
                    QStringLiteral("The user name or the password is not right. Check both and try again."));
      }
      return make(FailureKind::kSignedOut, QStringLiteral("Your sign-in has expired. Sign in again."));
    case 403:
      return make(FailureKind::kNotAllowed,
                  with_detail(QStringLiteral("You are not allowed to use this desktop from here. If you think that you "
                                             "should be, ask your administrator."),
                              problem));
    case 404:
      return make(FailureKind::kNotFound, QStringLiteral("This desktop does not exist any more. Refresh the list."));
    case 429:
      return make(
          FailureKind::kBusy,
          QStringLiteral("There were too many attempts. Wait %1 seconds and try again.").arg(retry_after.count()),
          retry_after);
    case 503:
      return make(FailureKind::kBusy,
                  with_detail(QStringLiteral("Your desktop cannot be reached just now. Try again in a minute; if that "
                                             "does not help, tell your administrator."),
                              problem),
                  retry_after);
    default:
      return make(FailureKind::kServer,
                  with_detail(QStringLiteral("The server could not do this (error %1). Try again; if that does not "
                                             "help, tell your administrator.")
                                  .arg(status),
                              problem));
  }
}

}  // namespace tobari::client
