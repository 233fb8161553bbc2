// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/client_app.h"

#include <cstdio>

#include <QApplication>
#include <QFile>
#include <QSslCertificate>
#include <QTimer>

#include "ui/desktops_page.h"
#include "ui/session_window.h"
#include "ui/sign_in_page.h"
#include "ui/still_watcher.h"
#include "ui/trust_dialog.h"

namespace tobari::client {
namespace {

constexpr QSize kWindowSize(640, 480);
constexpr qint64 kMaxPasswordFile = 4096;
constexpr int kMaxThumbnails = 16;  // a refresh; the broker gives 20 a second

void tell(const QString& text) { std::fprintf(stderr, "tobari-client: %s\n", qUtf8Printable(text)); }

}  // namespace

ClientApp::ClientApp(Options options, QSettings& settings, DesktopSession::DisplayFactory factory)
    : options_(std::move(options)),
      trust_(settings),
      history_(settings),
      api_(trust_),
      factory_(std::move(factory)),
      sign_in_page_(new SignInPage(&window_)),
      desktops_page_(new DesktopsPage(&window_)),
      go_on_(options_.connect || options_.unattended()) {
  window_.setWindowTitle(QStringLiteral("Tobari"));
  window_.resize(kWindowSize);
  window_.addWidget(sign_in_page_);
  window_.addWidget(desktops_page_);
  connect(qApp, &QGuiApplication::lastWindowClosed, this, [this] { leave(0); });
  connect(sign_in_page_, &SignInPage::submitted, this, &ClientApp::sign_in);
  connect(sign_in_page_, &SignInPage::cancelled, this, [this] {
    api_.cancel();
    sign_in_page_->set_busy(false);
    sign_in_page_->focus_first_empty();
  });
  connect(desktops_page_, &DesktopsPage::connect_wanted, this, &ClientApp::open);
  connect(desktops_page_, &DesktopsPage::refresh_wanted, this, &ClientApp::list_desktops);
  connect(desktops_page_, &DesktopsPage::sign_out_wanted, this, &ClientApp::sign_out);
}

ClientApp::~ClientApp() { delete session_; }

bool ClientApp::start() {
  fill_pages();
  if (!read_trust() || !read_device() || !read_password()) return false;
  if (!options_.unattended()) {
    window_.show();
    sign_in_page_->focus_first_empty();
  }
  const bool complete =
      !sign_in_page_->address().isEmpty() && !sign_in_page_->user().isEmpty() && !sign_in_page_->password().isEmpty();
  if (complete) sign_in_page_->submit();
  return true;
}

void ClientApp::fill_pages() {
  sign_in_page_->fill(history_.addresses(), history_.user());
  if (!options_.broker.isEmpty()) sign_in_page_->set_address(options_.broker);
  if (!options_.user.isEmpty()) sign_in_page_->set_user(options_.user);
}

bool ClientApp::read_trust() {
  trust_.require_fingerprint(options_.fingerprint);
  if (options_.ca_file.isEmpty()) return true;
  const QList<QSslCertificate> roots = QSslCertificate::fromPath(options_.ca_file);
  if (roots.isEmpty()) {
    tell(tr("there is no certificate in %1").arg(options_.ca_file));
    return false;
  }
  trust_.use_ca(roots);
  return true;
}

bool ClientApp::read_device() {
  if (options_.device_key_file.isEmpty()) return true;
  auto device = read_device_identity(options_.device_certificate_file, options_.device_key_file);
  if (!device) {
    tell(device.error());
    return false;
  }
  api_.show_device(*std::move(device));
  return true;
}

bool ClientApp::read_password() {
  if (options_.password_file.isEmpty()) return true;
  QFile file(options_.password_file);
  if (!file.open(QIODevice::ReadOnly)) {
    tell(tr("cannot read %1: %2").arg(options_.password_file, file.errorString()));
    return false;
  }
  QByteArray line = file.readLine(kMaxPasswordFile);
  while (line.endsWith('\n') || line.endsWith('\r')) line.chop(1);
  sign_in_page_->set_password(QString::fromUtf8(line));
  return true;
}

// --- signing in

void ClientApp::sign_in() {
  const auto portal = Portal::parse(sign_in_page_->address());
  if (!portal) {
    if (options_.unattended()) return give_up(portal.error().text);
    return sign_in_page_->show_problem(portal.error().text);
  }
  sign_in_page_->set_busy(true);
  api_.login(*portal, sign_in_page_->user(), sign_in_page_->password(),
             [this, portal = *portal](Outcome<SignIn> answer) { on_signed_in(portal, std::move(answer)); });
}

void ClientApp::on_signed_in(const Portal& portal, Outcome<SignIn> answer) {
  sign_in_page_->set_busy(false);
  if (!answer) return on_sign_in_failed(portal, answer.error());
  sign_in_page_->clear_password();
  if (!options_.unattended()) history_.remember(sign_in_page_->address().trimmed(), answer->user);
  desktops_page_->set_user(answer->user, portal.name());
  list_desktops();
}

void ClientApp::on_sign_in_failed(const Portal& portal, const Failure& why) {
  if (options_.unattended()) return give_up(why.text);
  if (why.kind == FailureKind::kUnknownCertificate) return ask_about(portal, why.fingerprint);
  sign_in_page_->show_problem(why.text);
  sign_in_page_->focus_first_empty();
}

void ClientApp::ask_about(const Portal& portal, const QString& fingerprint) {
  auto* dialog = new TrustDialog(portal.name(), fingerprint, &window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, portal, fingerprint] {
    trust_.remember(portal.name(), fingerprint);
    sign_in();
  });
  connect(dialog, &QDialog::rejected, this, [this] { sign_in_page_->focus_first_empty(); });
  dialog->open();
}

// --- choosing

void ClientApp::list_desktops() {
  api_.desktops([this](Outcome<QList<Desktop>> answer) {
    if (answer) return on_desktops(*answer);
    if (options_.unattended()) return give_up(answer.error().text);
    if (answer.error().kind == FailureKind::kSignedOut) {
      show_sign_in();
      return sign_in_page_->show_problem(answer.error().text);
    }
    window_.setCurrentWidget(desktops_page_);
    desktops_page_->show_problem(answer.error().text);
  });
}

void ClientApp::on_desktops(const QList<Desktop>& desktops) {
  desktops_page_->show_problem({});
  desktops_page_->set_desktops(desktops);
  window_.setCurrentWidget(desktops_page_);
  if (!options_.unattended()) fetch_thumbnails(desktops);
  if (!std::exchange(go_on_, false)) return;
  for (const Desktop& desktop : desktops) {
    const bool wanted = options_.desktop.isEmpty() ? desktops.size() == 1 : desktop.name == options_.desktop;
    if (wanted) return open(desktop);
  }
  const QString text = options_.desktop.isEmpty()
                           ? tr("You have %n desktops; choose one.", nullptr, static_cast<int>(desktops.size()))
                           : tr("You have no desktop named %1; choose one.").arg(options_.desktop);
  if (options_.unattended()) return give_up(text);
  desktops_page_->show_problem(text);
}

// Nice to have: whoever may not see them, or has a desktop that shows nothing, sees the list without.
void ClientApp::fetch_thumbnails(const QList<Desktop>& desktops) {
  int left = kMaxThumbnails;
  for (const Desktop& desktop : desktops) {
    if (desktop.state != DesktopState::kRunning) continue;
    if (left-- == 0) return;
    api_.thumbnail(desktop.desktop_id(), [this, id = desktop.id](const Outcome<QByteArray>& jpeg) {
      if (jpeg) desktops_page_->set_thumbnail(id, *jpeg);
    });
  }
}

// --- the session

void ClientApp::open(const Desktop& desktop) {
  if (session_) return session_->activateWindow();
  auto session = std::make_unique<DesktopSession>(api_, desktop, factory_);
  session_ = new SessionWindow(std::move(session), options_.size, options_.full_screen);
  connect(session_, &SessionWindow::closed, this, [this] {
    session_.clear();
    if (options_.unattended()) return give_up(tr("the window was closed"));
    window_.show();
    if (api_.signed_in()) list_desktops();
  });
  connect(session_, &SessionWindow::sign_in_wanted, this, &ClientApp::show_sign_in);
  connect(session_, &SessionWindow::session_failed, this, [this](const Failure& why) {
    if (options_.unattended()) give_up(why.text);
  });
  if (options_.unattended()) watch_until_still(session_);
  session_->start();
  window_.hide();
}

void ClientApp::watch_until_still(SessionWindow* window) {
  auto* watcher = new StillWatcher(window);
  connect(window, &SessionWindow::picture_changed, watcher, &StillWatcher::changed);
  connect(watcher, &StillWatcher::still, this, [this, window] {
    if (!window->grab_picture().save(options_.screenshot, "PNG")) {
      return give_up(tr("cannot write %1").arg(options_.screenshot));
    }
    leave(0);
  });
  connect(watcher, &StillWatcher::never, this, [this] { give_up(tr("the picture did not come to rest")); });
}

void ClientApp::sign_out() {
  api_.logout();
  show_sign_in();
}

void ClientApp::show_sign_in() {
  sign_in_page_->show_problem({});
  window_.setCurrentWidget(sign_in_page_);
  window_.show();
  sign_in_page_->focus_first_empty();
}

void ClientApp::leave(int exit_code) {
  constexpr int kPatienceMs = 2000;
  window_.hide();
  api_.logout([exit_code] { QCoreApplication::exit(exit_code); });
  QTimer::singleShot(kPatienceMs, this, [exit_code] { QCoreApplication::exit(exit_code); });
}

void ClientApp::give_up(const QString& text) {
  tell(text);
  leave(1);
}

}  // namespace tobari::client
