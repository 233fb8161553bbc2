// SPDX-License-Identifier: GPL-3.0-or-later
// The command line. With --user, --password-file and --connect a kiosk or a test runs without a person.
#pragma once

#include <expected>
#include <string>

#include <QSize>
#include <QString>
#include <QStringList>

namespace tobari::client {

struct Options {
  QString broker;
  QString ca_file;
  QString fingerprint;                               // normalized
  QString device_certificate_file, device_key_file;  // both or neither
  QString user;
  QString password_file;
  QString desktop;
  QString screenshot;
  QSize size;  // device pixels; invalid: the default
  bool full_screen = false;
  bool connect = false;  // go on to the desktop as soon as signed in
  bool exit_when_still = false;
  bool help = false;
  bool version = false;

  // Nobody is there to click: failures end the program with a line on standard error.
  [[nodiscard]] bool unattended() const { return exit_when_still; }
};

[[nodiscard]] std::expected<Options, QString> parse_options(const QStringList& arguments);  // without the program name
[[nodiscard]] const char* usage();

}  // namespace tobari::client
