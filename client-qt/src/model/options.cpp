// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/options.h"

#include <functional>

#include <QMap>
#include <QRegularExpression>

#include "model/portal_trust.h"

namespace tobari::client {
namespace {

using Checked = std::expected<void, QString>;

Checked set_size(Options& options, const QString& value) {
  static const QRegularExpression kForm(QStringLiteral("\\A(\\d{3,4})x(\\d{3,4})\\z"));
  const auto match = kForm.match(value);
  options.size = QSize(match.captured(1).toInt(), match.captured(2).toInt());
  // The limits of the display control channel (MS-RDPEDISP 2.2.2.2.1).
  constexpr int kLeast = 200;
  constexpr int kMost = 8192;
  const bool fits = options.size.width() >= kLeast && options.size.width() <= kMost &&
                    options.size.height() >= kLeast && options.size.height() <= kMost;
  if (!match.hasMatch() || !fits) return std::unexpected(QStringLiteral("--size wants WxH, each from 200 to 8192"));
  return {};
}

Checked set_fingerprint(Options& options, const QString& value) {
  options.fingerprint = normalized_fingerprint(value);
  if (options.fingerprint.isEmpty())
    return std::unexpected(QStringLiteral("--fingerprint wants 64 hex digits (SHA-256)"));
  return {};
}

Checked check(const Options& options) {
  if (!options.ca_file.isEmpty() && !options.fingerprint.isEmpty()) {
    return std::unexpected(QStringLiteral("--ca and --fingerprint exclude each other"));
  }
  if (options.device_certificate_file.isEmpty() != options.device_key_file.isEmpty()) {
    return std::unexpected(QStringLiteral("--device-certificate and --device-key go together"));
  }
  if (options.exit_when_still != !options.screenshot.isEmpty()) {
    return std::unexpected(QStringLiteral("--screenshot and --exit-when-still go together"));
  }
  const bool complete = !options.broker.isEmpty() && !options.user.isEmpty() && !options.password_file.isEmpty();
  if (options.unattended() && !complete) {
    return std::unexpected(QStringLiteral("--exit-when-still needs --broker, --user and --password-file"));
  }
  return {};
}

}  // namespace

std::expected<Options, QString> parse_options(const QStringList& arguments) {
  Options options;
  const QMap<QString, bool*> switches{{QStringLiteral("--fullscreen"), &options.full_screen},
                                      {QStringLiteral("--connect"), &options.connect},
                                      {QStringLiteral("--exit-when-still"), &options.exit_when_still},
                                      {QStringLiteral("--help"), &options.help},
                                      {QStringLiteral("--version"), &options.version}};
  const QMap<QString, QString*> texts{{QStringLiteral("--broker"), &options.broker},
                                      {QStringLiteral("--ca"), &options.ca_file},
                                      {QStringLiteral("--user"), &options.user},
                                      {QStringLiteral("--password-file"), &options.password_file},
                                      {QStringLiteral("--desktop"), &options.desktop},
                                      {QStringLiteral("--screenshot"), &options.screenshot},
                                      {QStringLiteral("--device-certificate"), &options.device_certificate_file},
                                      {QStringLiteral("--device-key"), &options.device_key_file}};
  const QMap<QString, std::function<Checked(Options&, const QString&)>> others{
      {QStringLiteral("--size"), set_size}, {QStringLiteral("--fingerprint"), set_fingerprint}};

  for (qsizetype i = 0; i < arguments.size(); ++i) {
    const QString name = arguments[i].section(QLatin1Char('='), 0, 0);
    if (switches.contains(arguments[i])) {
      *switches[arguments[i]] = true;
      continue;
    }
    if (!texts.contains(name) && !others.contains(name)) {
      return std::unexpected(QStringLiteral("unknown option %1; --help lists them").arg(arguments[i]));
    }
    const bool joined = arguments[i].contains(QLatin1Char('='));
    if (!joined && i + 1 == arguments.size()) return std::unexpected(QStringLiteral("%1 wants a value").arg(name));
    const QString value = joined ? arguments[i].section(QLatin1Char('='), 1) : arguments[++i];
    if (texts.contains(name)) {
      *texts[name] = value;
    } else if (const auto done = others[name](options, value); !done) {
      return std::unexpected(done.error());
    }
  }
  if (const auto sound = check(options); !sound) return std::unexpected(sound.error());
  return options;
}

const char* usage() {
  return R"(usage: tobari-client [options]

  --broker URL          address of the server, for example desk.example.com or https://desk.example.com:8443
  --ca FILE             trust what the certificates in this PEM file signed, nothing else
  --fingerprint HEX     trust the server whose certificate has this SHA-256 fingerprint, nothing else
  --device-certificate FILE
  --device-key FILE     show this device's certificate to servers that ask for one (PEM, the key without a passphrase)
  --user U              user name
  --password-file F     the first line of F is the password
  --desktop NAME        the desktop to take when there are several
  --connect             connect as soon as signed in
  --fullscreen          take the whole screen (Ctrl+Alt+Enter changes it later)
  --size WxH            size of the desktop in pixels
  --screenshot OUT.png  with --exit-when-still: write what is shown
  --exit-when-still     connect, wait until the picture rests, end; 0 when it did
  --help, --version
)";
}

}  // namespace tobari::client
