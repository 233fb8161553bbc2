// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <thread>

#include <QApplication>
#include <QSettings>

#include <tobari/base/log.h>

#include "model/options.h"
#include "rdp/freerdp_display.h"
#include "ui/client_app.h"

namespace client = tobari::client;

int main(int argc, char** argv) {
  QStringList arguments;
  for (int i = 1; i < argc; ++i) arguments << QString::fromLocal8Bit(argv[i]);
  const auto options = client::parse_options(arguments);
  if (!options) {
    std::fprintf(stderr, "tobari-client: %s\n", qUtf8Printable(options.error()));
    return 2;
  }
  if (options->help) return std::fputs(client::usage(), stdout) < 0;
  if (options->version) return std::puts("tobari-client " TOBARI_VERSION) < 0;

  tobari::log::init("tobari-client", tobari::log::Level::kWarning);
  QApplication application(argc, argv);
  QApplication::setApplicationName(QStringLiteral("tobari-client"));
  QApplication::setOrganizationName(QStringLiteral("tobari"));
  QApplication::setQuitOnLastWindowClosed(false);  // ClientApp signs out first
  const std::jthread warm_up([] { client::FreeRdpDisplay::warm_up(); });

  QSettings settings;
  client::ClientApp app(*options, settings, [] { return std::make_unique<client::FreeRdpDisplay>(); });
  if (!app.start()) return 2;
  return QApplication::exec();
}
