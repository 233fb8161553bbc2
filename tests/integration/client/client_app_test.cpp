// SPDX-License-Identifier: GPL-3.0-or-later
// The whole client, window by window, against a broker and an RDP server; driven by the keyboard alone.
#include "ui/client_app.h"

#include <chrono>

#include <QApplication>
#include <QBuffer>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPixmap>
#include <QProcess>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <freerdp/error.h>
#include <gtest/gtest.h>

#include "display_process.h"
#include "fake_broker.h"
#include "rdp/freerdp_display.h"
#include "rdp_test_server.h"
#include "test_picture.h"
#include "ui/desktop_view.h"
#include "ui/session_window.h"
#include "ui/trust_dialog.h"
#include "wait_until.h"

namespace tobari::client {
namespace {

using test::FakeBroker;
using test::RdpScript;
using test::RdpTestServer;
using test::test_picture;
using test::wait_until;

constexpr QSize kPicture(800, 600);

template <class Widget>
Widget* find_window() {
  for (QWidget* widget : QApplication::topLevelWidgets()) {
    if (auto* found = qobject_cast<Widget*>(widget); found != nullptr && found->isVisible()) return found;
  }
  return nullptr;
}

// The visible widget of this kind that people call `name`.
template <class Widget>
Widget* find(const QString& name) {
  for (QWidget* widget : QApplication::allWidgets()) {
    auto* found = qobject_cast<Widget*>(widget);
    if (found != nullptr && found->isVisible() && found->accessibleName() == name) return found;
  }
  return nullptr;
}

QPushButton* find_button(const QString& text) {
  for (QWidget* widget : QApplication::allWidgets()) {
    auto* button = qobject_cast<QPushButton*>(widget);
    if (button != nullptr && button->isVisible() && button->text().remove(QLatin1Char('&')) == text) return button;
  }
  return nullptr;
}

bool shown(const QString& part) {
  for (QWidget* widget : QApplication::allWidgets()) {
    const auto* label = qobject_cast<QLabel*>(widget);
    if (label != nullptr && label->isVisible() && label->text().contains(part)) return true;
  }
  return false;
}

// For people: with TOBARI_GALLERY=DIR the screen of the moment goes to DIR/NAME.png.
void snap(const QString& name) {
  const QByteArray folder = qgetenv("TOBARI_GALLERY");
  if (folder.isEmpty()) return;
  EXPECT_FALSE(wait_until([] { return false; }, std::chrono::milliseconds(300)));
  QProcess import;
  import.start(QStringLiteral("import"),
               {QStringLiteral("-window"), QStringLiteral("root"),
                QString::fromLocal8Bit(folder) + QLatin1Char('/') + name + QStringLiteral(".png")});
  EXPECT_TRUE(wait_until([&] { return import.state() == QProcess::NotRunning; }));
}

// What users are promised; sanitized code is several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::seconds kComesBackWithin{10};
#else
constexpr std::chrono::seconds kComesBackWithin{2};
#endif

class ClientAppTest : public ::testing::Test {
 protected:
  ClientAppTest() {
    serve_desktop(0);
    options_.broker = broker_.address();
    options_.fingerprint = QString::fromStdString(broker_.identity().fingerprint);
    options_.user = broker_.user;
    options_.size = kPicture;
  }

  void serve_desktop(std::uint16_t port, RdpScript script = {}) {
    rdp_.reset();
    script.picture = test_picture(kPicture.width(), kPicture.height());
    rdp_ = std::make_unique<RdpTestServer>(std::move(script), port);
    broker_.rdp_port = rdp_->port();
    broker_.rdp_fingerprint = rdp_->identity().fingerprint;
  }
  void start() {
    app_ = std::make_unique<ClientApp>(options_, settings_, [] { return std::make_unique<FreeRdpDisplay>(); });
    ASSERT_TRUE(app_->start());
  }
  void type_password(const QString& password) {
    ASSERT_TRUE(wait_until([] { return find<QLineEdit>(QStringLiteral("Password")) != nullptr; }));
    auto* field = find<QLineEdit>(QStringLiteral("Password"));
    field->setFocus();
    QTest::keyClicks(field, password);
    QTest::keyClick(field, Qt::Key_Return);
  }
  void sign_in_and_connect() {
    options_.connect = true;
    start();
    type_password(broker_.password);
    ASSERT_TRUE(wait_until([] { return picture_is_right(); }));
  }
  static bool picture_is_right() {
    const auto* window = find_window<SessionWindow>();
    return window != nullptr && window->grab_picture() == test_picture(kPicture.width(), kPicture.height());
  }

  QTemporaryDir folder_;
  QSettings settings_{folder_.filePath(QStringLiteral("s.ini")), QSettings::IniFormat};
  FakeBroker broker_;
  std::unique_ptr<RdpTestServer> rdp_;
  Options options_;
  std::unique_ptr<ClientApp> app_;
};

TEST_F(ClientAppTest, SignsInListsConnectsAndShowsTheDesktop) {
  broker_.desktop_count = 3;
  start();
  snap(QStringLiteral("sign-in"));
  type_password(broker_.password);
  ASSERT_TRUE(wait_until([] { return find_button(QStringLiteral("Connect")) != nullptr; }));
  auto* list = find<QListWidget>(QStringLiteral("Your desktops"));
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->item(0)->text(), broker_.desktop_name);
  snap(QStringLiteral("desktops"));
  QTest::keyClick(list, Qt::Key_Return);
  EXPECT_TRUE(wait_until([] { return picture_is_right(); }));
}

TEST_F(ClientAppTest, TheListShowsWhatDesktopsShowIfItIsSmall) {
  const auto jpeg_of = [](const QSize& size) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    QImage image(size, QImage::Format_RGB32);
    image.fill(QColor(200, 40, 40));
    EXPECT_TRUE(image.save(&buffer, "JPEG"));
    return bytes;
  };
  broker_.desktop_count = 3;  // the second one is off
  const QByteArray path = "GET /api/v1/desktops/11111111-2222-4333-8444-55555555555%1/thumbnail";
  const auto serve = [&](char number, const QByteArray& body) {
    broker_.overrides[QByteArray(path).replace("%1", QByteArray(1, number))] = {
        .status = 200, .body = body, .headers = {}};
  };
  serve('0', jpeg_of({480, 270}));
  serve('2', jpeg_of({2000, 100}));
  start();
  type_password(broker_.password);
  ASSERT_TRUE(wait_until([] { return find<QListWidget>(QStringLiteral("Your desktops")) != nullptr; }));
  auto* list = find<QListWidget>(QStringLiteral("Your desktops"));
  const auto picture = [list](int row) { return list->item(row)->data(Qt::DecorationRole).value<QPixmap>(); };
  ASSERT_TRUE(wait_until([&] { return !picture(0).isNull(); }));
  EXPECT_EQ(picture(0).height(), 42);
  snap(QStringLiteral("desktops-with-pictures"));
  ASSERT_TRUE(wait_until([&] { return broker_.count(QByteArray(path).replace("%1", "2")) == 1; }));
  EXPECT_TRUE(picture(2).isNull());
  EXPECT_EQ(broker_.count(QByteArray(path).replace("%1", "1")), 0) << "a desktop that is off shows nothing";
}

// What the window really has on the screen, not what it believes.
TEST_F(ClientAppTest, PutsEveryPixelOnTheScreen) {
  sign_in_and_connect();
  auto* view = find_window<SessionWindow>()->findChild<DesktopView*>();
  ASSERT_TRUE(wait_until([&] { return view->device_size() == kPicture; }));
  EXPECT_TRUE(wait_until([&] {
    QProcess import;  // of the X server, by another program
    import.start(QStringLiteral("import"),
                 {QStringLiteral("-window"), QString::number(view->window()->winId()), QStringLiteral("png:-")});
    EXPECT_TRUE(wait_until([&] { return import.state() == QProcess::NotRunning; }));
    const QImage screen = QImage::fromData(import.readAllStandardOutput()).convertToFormat(QImage::Format_RGB32);
    return screen == test_picture(kPicture.width(), kPicture.height());
  }));
}

TEST_F(ClientAppTest, SaysThatThePasswordIsWrongAndLetsTryAgain) {
  start();
  type_password(QStringLiteral("wrong"));
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("password is not right")); }));
  EXPECT_TRUE(wait_until([] { return find<QLineEdit>(QStringLiteral("Password"))->hasFocus(); }));
  snap(QStringLiteral("wrong-password"));
}

TEST_F(ClientAppTest, AsksAboutAnUnknownCertificateOnceAndRemembersIt) {
  options_.fingerprint.clear();
  start();
  type_password(broker_.password);
  ASSERT_TRUE(wait_until([] { return find_window<TrustDialog>() != nullptr; }));
  EXPECT_TRUE(broker_.requests.empty());
  snap(QStringLiteral("trust"));
  const QString trust = QStringLiteral("They are the same: trust");
  // On a busy machine the dialog is there before the X server's answer has given its buttons a height.
  ASSERT_TRUE(wait_until([&] {
    const auto* button = find_button(trust);
    return button != nullptr && !button->size().isEmpty();
  }));
  QTest::mouseClick(find_button(trust), Qt::LeftButton);
  ASSERT_TRUE(wait_until([] { return find_button(QStringLiteral("Connect")) != nullptr; }));

  broker_.change_identity();
  app_.reset();
  start();
  type_password(broker_.password);
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("another certificate")); }));
  EXPECT_EQ(find_window<TrustDialog>(), nullptr);
  snap(QStringLiteral("changed-certificate"));
}

TEST_F(ClientAppTest, KeepsNoSecretOnDisk) {
  sign_in_and_connect();
  app_.reset();
  settings_.sync();
  QFile file(settings_.fileName());
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  const QByteArray text = file.readAll();
  EXPECT_TRUE(text.contains(broker_.user.toUtf8()));
  for (const QByteArray& secret :
       {broker_.password.toUtf8(), broker_.ticket, broker_.routing_token, QByteArray("token-1")}) {
    EXPECT_FALSE(text.contains(secret)) << secret.toStdString();
  }
}

TEST_F(ClientAppTest, WaitsWhileTheDesktopStarts) {
  broker_.starting_answers = 2;
  options_.connect = true;
  start();
  type_password(broker_.password);
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("Your desktop is starting")); }));
  EXPECT_TRUE(wait_until([] { return picture_is_right(); }));
}

TEST_F(ClientAppTest, RefusesADesktopWithAnotherCertificate) {
  broker_.rdp_fingerprint = std::string(64, 'a');
  options_.connect = true;
  start();
  type_password(broker_.password);
  EXPECT_TRUE(wait_until([] { return shown(QStringLiteral("Something else than your desktop answered")); }));
}

TEST_F(ClientAppTest, SaysThatTheDesktopIsOpenElsewhereAndTakesItBack) {
  sign_in_and_connect();
  rdp_->say_and_drop(ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION);
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("open on another device")); }));
  EXPECT_EQ(rdp_->clients(), 1);  // and does not fight for it
  snap(QStringLiteral("taken-over"));
  QTest::keyClick(find_button(QStringLiteral("Connect again")), Qt::Key_Space);
  EXPECT_TRUE(wait_until([&] { return rdp_->clients() == 2 && !shown(QStringLiteral("another device")); }));
}

// The display process is killed and started anew: other certificate, other ticket, same desktop.
TEST_F(ClientAppTest, ComesBackInTwoSecondsWhenTheServerIsRestarted) {
  sign_in_and_connect();
  const std::uint16_t port = rdp_->port();
  rdp_.reset();
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("Reconnecting")); }));
  EXPECT_TRUE(picture_is_right());  // the last one stays
  snap(QStringLiteral("reconnecting"));
  broker_.ticket = "ticket-2";
  QElapsedTimer since;
  since.start();
  serve_desktop(port, RdpScript{.picture = {}, .password = "ticket-2"});
  EXPECT_TRUE(wait_until([&] { return rdp_->clients() > 0 && !shown(QStringLiteral("Reconnecting")); }));
  EXPECT_LE(since.durationElapsed(), kComesBackWithin);
  RecordProperty("reconnect_ms", static_cast<int>(since.elapsed()));
}

#ifdef TOBARI_HAS_DISPLAY
// The same with the real display process, killed as it stands.
TEST_F(ClientAppTest, ComesBackInTwoSecondsWhenTobariDisplayIsKilled) {
  test::DisplayProcess display(broker_.user.toStdString(), broker_.ticket.toStdString());
  const auto serve = [&](std::uint16_t port) {
    ASSERT_TRUE(display.start(port));
    broker_.rdp_port = display.port();
    broker_.rdp_fingerprint = display.fingerprint();
  };
  serve(0);
  options_.connect = true;
  options_.size = QSize(test::DisplayProcess::kWidth, test::DisplayProcess::kHeight);
  start();
  type_password(broker_.password);
  const auto full = [] {
    const auto* window = find_window<SessionWindow>();
    return window == nullptr ? QImage() : window->grab_picture();
  };
  ASSERT_TRUE(wait_until([&] { return full().size() == options_.size && full().pixel(5, 5) != qRgb(0, 0, 0); }));
  EXPECT_FALSE(wait_until([] { return false; }, std::chrono::seconds(1)));  // until it is exact
  const QImage before = full();
  display.kill();
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("Reconnecting")); }));
  EXPECT_EQ(full(), before);
  QElapsedTimer since;
  since.start();
  serve(display.port());
  EXPECT_TRUE(wait_until([] { return !shown(QStringLiteral("Reconnecting")); }));
  EXPECT_LE(since.durationElapsed(), kComesBackWithin);
  RecordProperty("reconnect_ms", static_cast<int>(since.elapsed()));
  EXPECT_TRUE(wait_until([&] { return full() == before; }));
}
#endif

TEST_F(ClientAppTest, GivesUpReconnectingWhenAsked) {
  sign_in_and_connect();
  rdp_.reset();
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("Reconnecting")); }));
  QTest::keyClick(find_button(QStringLiteral("Cancel")), Qt::Key_Space);
  EXPECT_TRUE(wait_until([] { return find_button(QStringLiteral("Connect")) != nullptr; }));
  EXPECT_EQ(find_window<SessionWindow>(), nullptr);
}

// Real key events of the X server; what is down when the focus goes is released.
TEST_F(ClientAppTest, SendsKeysByTheirPlaceAndReleasesThemWithTheFocus) {
  sign_in_and_connect();
  auto* window = find_window<SessionWindow>();
  ASSERT_TRUE(wait_until([&] { return window->isActiveWindow(); }));
  const auto xdotool = [](const QStringList& words) {
    QProcess process;
    process.start(QStringLiteral("xdotool"), words);
    return wait_until([&] { return process.state() == QProcess::NotRunning; });
  };
  ASSERT_TRUE(xdotool({QStringLiteral("key"), QStringLiteral("a")}));
  ASSERT_TRUE(wait_until([&] { return rdp_->events().contains(QStringLiteral("key 1e up")); }));
  EXPECT_TRUE(rdp_->events().contains(QStringLiteral("key 1e down")));
  ASSERT_TRUE(xdotool({QStringLiteral("keydown"), QStringLiteral("Left")}));
  ASSERT_TRUE(wait_until([&] { return rdp_->events().contains(QStringLiteral("key 14b down")); }));
  window->clearFocus();
  window->findChild<DesktopView*>()->clearFocus();
  EXPECT_TRUE(wait_until([&] { return rdp_->events().contains(QStringLiteral("key 14b up")); }));
  ASSERT_TRUE(xdotool({QStringLiteral("keyup"), QStringLiteral("Left")}));
}

TEST_F(ClientAppTest, CtrlAltEnterTogglesFullScreen) {
  sign_in_and_connect();
  auto* window = find_window<SessionWindow>();
  auto* view = window->findChild<DesktopView*>();
  QTest::keyClick(view, Qt::Key_Return, Qt::ControlModifier | Qt::AltModifier);
  EXPECT_TRUE(wait_until([&] { return window->isFullScreen() && view->device_size() == QSize(1400, 1000); }));
  snap(QStringLiteral("full-screen"));
  QTest::keyClick(view, Qt::Key_Return, Qt::ControlModifier | Qt::AltModifier);
  EXPECT_TRUE(wait_until([&] { return !window->isFullScreen() && view->device_size() == kPicture; }));
}

TEST_F(ClientAppTest, ReturnsToSigningInWhenTheSignInIsOver) {
  options_.connect = true;
  broker_.overrides["POST /api/v1/desktops/11111111-2222-4333-8444-555555555550/connect"] = {
      .status = 401, .body = FakeBroker::problem(401, "signed_out", "sign in"), .headers = {}};
  start();
  type_password(broker_.password);
  ASSERT_TRUE(wait_until([] { return shown(QStringLiteral("sign-in has expired")); }));
  QTest::keyClick(find_button(QStringLiteral("Sign in")), Qt::Key_Space);
  EXPECT_TRUE(wait_until([] { return find<QLineEdit>(QStringLiteral("Password")) != nullptr; }));
}

}  // namespace
}  // namespace tobari::client
