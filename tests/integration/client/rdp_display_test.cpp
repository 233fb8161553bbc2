// SPDX-License-Identifier: GPL-3.0-or-later
// FreeRdpDisplay against a real FreeRDP server.
#include <optional>

#include <freerdp/error.h>
#include <gtest/gtest.h>

#include "rdp/freerdp_display.h"
#include "rdp_test_server.h"
#include "test_picture.h"
#include "wait_until.h"

namespace tobari::client {
namespace {

using test::RdpScript;
using test::RdpTestServer;
using test::test_picture;
using test::wait_until;

class RdpDisplay : public ::testing::Test {
 protected:
  void connect_to(const RdpTestServer& server) {
    QObject::connect(&display_, &RemoteDisplay::ended, &display_, [this](DisplayEnd reason) { end_ = reason; });
    QObject::connect(&display_, &RemoteDisplay::first_picture, &display_, [this] { seen_ = true; });
    target_.connection = Connection{.address = QStringLiteral("127.0.0.1"),
                                    .port = server.port(),
                                    .routing_token = "routing-1",
                                    .user = QStringLiteral("ada"),
                                    .ticket = QStringLiteral("ticket-1"),
                                    .fingerprint = QString::fromStdString(server.identity().fingerprint)};
    target_.size = QSize(640, 400);
  }
  [[nodiscard]] bool ends_with(DisplayEnd reason) {
    return wait_until([this] { return end_.has_value(); }) && *end_ == reason;
  }

  FreeRdpDisplay display_;
  DisplayTarget target_;
  std::optional<DisplayEnd> end_;
  bool seen_ = false;
};

TEST_F(RdpDisplay, ShowsEveryPixelAndCarriesTheRoutingToken) {
  const RdpTestServer server(RdpScript{.picture = test_picture(641, 399)});
  connect_to(server);
  display_.start(target_);
  ASSERT_TRUE(wait_until([this] { return seen_; }));
  QImage shown;
  display_.frame()->read([&](const QImage& picture) { shown = picture.copy(); });
  EXPECT_EQ(shown, test_picture(641, 399));
  EXPECT_NE(server.routing_token().find("Cookie: msts=routing-1"), std::string::npos) << server.routing_token();
}

TEST_F(RdpDisplay, AsksForNoChannelButGraphicsAndDisplayControl) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
  connect_to(server);
  display_.start(target_);
  ASSERT_TRUE(wait_until([this] { return seen_; }));
  EXPECT_EQ(server.channels(), QStringList{QStringLiteral("drdynvc")});
}

TEST_F(RdpDisplay, RefusesAnotherCertificateAndSendsNothing) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
  connect_to(server);
  target_.connection.fingerprint[0] =
      target_.connection.fingerprint[0] == QLatin1Char('0') ? QLatin1Char('1') : QLatin1Char('0');
  display_.start(target_);
  EXPECT_TRUE(ends_with(DisplayEnd::kWrongCertificate));
  EXPECT_FALSE(seen_);
  EXPECT_TRUE(server.channels().isEmpty());
}

TEST_F(RdpDisplay, SaysWhenTheTicketIsRefused) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400), .password = "another"});
  connect_to(server);
  display_.start(target_);
  EXPECT_TRUE(ends_with(DisplayEnd::kRefused));
}

TEST_F(RdpDisplay, TellsATakeOverFromALostLine) {
  RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
  connect_to(server);
  display_.start(target_);
  ASSERT_TRUE(wait_until([this] { return seen_; }));
  server.say_and_drop(ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION);
  EXPECT_TRUE(ends_with(DisplayEnd::kTakenOver));
}

TEST_F(RdpDisplay, NoticesALostLine) {
  RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
  connect_to(server);
  display_.start(target_);
  ASSERT_TRUE(wait_until([this] { return seen_; }));
  server.drop();
  EXPECT_TRUE(ends_with(DisplayEnd::kDropped));
}

TEST_F(RdpDisplay, SaysWhenNobodyAnswers) {
  std::uint16_t port = 0;
  {
    const RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
    connect_to(server);
    port = server.port();
  }
  target_.connection.port = port;
  display_.start(target_);
  EXPECT_TRUE(ends_with(DisplayEnd::kUnreachable));
}

// A server that names sizes of gigabytes must not make this client allocate them.
TEST_F(RdpDisplay, RefusesASurfaceBeyondTheLimit) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400), .surface_side = 9000});
  connect_to(server);
  display_.start(target_);
  EXPECT_TRUE(ends_with(DisplayEnd::kClosed));
}

// The broker names places, not the display.
TEST_F(RdpDisplay, DoesNotFollowARedirection) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400), .redirect = true});
  connect_to(server);
  display_.start(target_);
  EXPECT_TRUE(wait_until([this] { return end_.has_value(); }));
  EXPECT_EQ(server.clients(), 1);
}

TEST_F(RdpDisplay, SendsInputInTheWordsOfTheWire) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
  connect_to(server);
  display_.start(target_);
  ASSERT_TRUE(wait_until([this] { return seen_; }));
  display_.send(LocksInput{.caps = true, .num = true});
  display_.send(KeyInput{.code = 0x1e, .down = true});
  display_.send(KeyInput{.code = kExtended | 0x4b, .down = false});
  display_.send(MoveInput{.x = 12, .y = 34});
  display_.send(ButtonInput{.button = Button::kRight, .down = true, .x = 5, .y = 6});
  display_.send(ButtonInput{.button = Button::kBack, .down = true, .x = 5, .y = 6});
  display_.send(WheelInput{.delta = -120});
  display_.send(WheelInput{.delta = 120, .horizontal = true});
  ASSERT_TRUE(wait_until([&] { return server.events().contains(QStringLiteral("mouse 478 0 0")); }))
      << server.events().join(QLatin1Char('|')).toStdString();
  QStringList events = server.events();
  events.removeIf([](const QString& event) { return event.startsWith(QLatin1String("channel")); });
  const QStringList expected{QStringLiteral("sync 6"),         QStringLiteral("key 1e down"),
                             QStringLiteral("key 14b up"),     QStringLiteral("mouse 800 12 34"),
                             QStringLiteral("mouse a000 5 6"), QStringLiteral("xmouse 8001 5 6"),
                             QStringLiteral("mouse 388 0 0"),  QStringLiteral("mouse 478 0 0")};
  EXPECT_EQ(events.mid(events.size() - expected.size()), expected) << events.join(QLatin1Char('|')).toStdString();
}

TEST_F(RdpDisplay, StopsAtOnceWhileConnecting) {
  const RdpTestServer server(RdpScript{.picture = test_picture(640, 400)});
  connect_to(server);
  display_.start(target_);
  display_.stop();
  EXPECT_FALSE(wait_until([this] { return end_.has_value() || seen_; }, std::chrono::milliseconds(100)));
}

}  // namespace
}  // namespace tobari::client
