// SPDX-License-Identifier: GPL-3.0-or-later
#include "display_process.h"

#include <QFile>
#include <QRegularExpression>

#include "wait_until.h"

namespace tobari::client::test {

DisplayProcess::DisplayProcess(const std::string& user, const std::string& password) : user_(user) {
  QFile file(folder_.filePath(QStringLiteral("password")));
  if (file.open(QIODevice::WriteOnly)) file.write((password + "\n").c_str());
}

bool DisplayProcess::start(std::uint16_t port) {
  process_.start(
      QStringLiteral(TOBARI_BIN_DIR "/tobari-display"),
      {QStringLiteral("--source"), QStringLiteral("pattern:card@%1x%2").arg(kWidth).arg(kHeight),
       QStringLiteral("--listen"), QStringLiteral("127.0.0.1:%1").arg(port), QStringLiteral("--user"),
       QString::fromStdString(user_), QStringLiteral("--password-file"), folder_.filePath(QStringLiteral("password"))});
  return wait_until([this] { return read_where_it_listens() || process_.state() == QProcess::NotRunning; }) &&
         process_.state() == QProcess::Running;
}

bool DisplayProcess::read_where_it_listens() {
  static const QRegularExpression kLine(
      QStringLiteral("listening address=127\\.0\\.0\\.1:(\\d+).* certificate=([0-9a-f]{64})"));
  const auto match = kLine.match(QString::fromUtf8(process_.readAllStandardError()));
  if (!match.hasMatch()) return false;
  port_ = static_cast<std::uint16_t>(match.captured(1).toUInt());
  fingerprint_ = match.captured(2).toStdString();
  return true;
}

void DisplayProcess::kill() {
  if (process_.state() == QProcess::NotRunning) return;
  process_.kill();
  process_.waitForFinished();
}

}  // namespace tobari::client::test
