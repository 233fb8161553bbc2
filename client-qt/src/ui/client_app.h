// SPDX-License-Identifier: GPL-3.0-or-later
// The way through the windows: sign in, choose, connect. Owns the pages and whatever session is open.
#pragma once

#include <memory>

#include <QPointer>
#include <QSettings>
#include <QStackedWidget>

#include "model/broker_api.h"
#include "model/history.h"
#include "model/options.h"
#include "model/portal_trust.h"
#include "session/desktop_session.h"

namespace tobari::client {

class DesktopsPage;
class SessionWindow;
class SignInPage;

class ClientApp : public QObject {
  Q_OBJECT
 public:
  // `settings` outlives this object. The factory makes displays; tests give another.
  ClientApp(Options options, QSettings& settings, DesktopSession::DisplayFactory factory);
  ~ClientApp() override;

  // Shows the first window, or goes straight on when the options allow it. False: the options cannot be carried out,
  // and the reason was told.
  [[nodiscard]] bool start();

 private:
  void fill_pages();
  [[nodiscard]] bool read_trust();
  [[nodiscard]] bool read_device();
  [[nodiscard]] bool read_password();
  void sign_in();
  void on_signed_in(const Portal& portal, Outcome<SignIn> answer);
  void on_sign_in_failed(const Portal& portal, const Failure& why);
  void ask_about(const Portal& portal, const QString& fingerprint);
  void list_desktops();
  void fetch_thumbnails(const QList<Desktop>& desktops);
  void on_desktops(const QList<Desktop>& desktops);
  void open(const Desktop& desktop);
  void watch_until_still(SessionWindow* window);
  void sign_out();
  void show_sign_in();
  void leave(int exit_code);          // signs out, for a short while
  void give_up(const QString& text);  // unattended only: says it and ends

  Options options_;
  PortalTrust trust_;
  History history_;
  BrokerApi api_;
  DesktopSession::DisplayFactory factory_;
  QStackedWidget window_;
  SignInPage* sign_in_page_;
  DesktopsPage* desktops_page_;
  QPointer<SessionWindow> session_;
  bool go_on_ = false;  // to the desktop, as --connect asks; once
};

}  // namespace tobari::client
