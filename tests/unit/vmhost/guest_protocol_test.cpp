// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/guest_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

using Kind = GuestEvent::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GuestProtocol, UnderstandsWhatTheAgentSays) {
  GuestProtocol protocol;
  EXPECT_THAT(protocol.receive("hello 1 booting\nhello 1 ready\nready\nok hostname\nerror hostname failed\npong 7\n"),
              ElementsAre(GuestEvent{Kind::kBooting, ""}, GuestEvent{Kind::kReady, ""}, GuestEvent{Kind::kReady, ""},
                          GuestEvent{Kind::kDone, "hostname"}, GuestEvent{Kind::kRefused, "hostname failed"}));
}

TEST(GuestProtocol, ALogOffIsNews) {
  GuestProtocol protocol;
  EXPECT_THAT(protocol.receive("logged-off\nlogged-off now\n"),
              ElementsAre(GuestEvent{Kind::kLoggedOff, ""}, GuestEvent{Kind::kMalformed, "unknown line"}));
}

TEST(GuestProtocol, OrdersOfADesktopsLife) {
  EXPECT_EQ(guest_log_off(), "log-off\n");
  EXPECT_EQ(guest_clock(1795814602000), "clock 1795814602000\n");
  EXPECT_EQ(guest_home_disk("0123456789abcdef"), "home disk 0123456789abcdef\n");
  EXPECT_EQ(guest_home_folder("tobari-home"), "home folder tobari-home\n");
}

TEST(GuestProtocol, LinesMayComeInPieces) {
  GuestProtocol protocol;
  EXPECT_THAT(protocol.receive("hel"), IsEmpty());
  EXPECT_THAT(protocol.receive("lo 1 rea"), IsEmpty());
  EXPECT_THAT(protocol.receive("dy\nre"), ElementsAre(GuestEvent{Kind::kReady, ""}));
  EXPECT_THAT(protocol.receive("ady\n"), ElementsAre(GuestEvent{Kind::kReady, ""}));
}

TEST(GuestProtocol, HalfALineDoesNotOutliveItsConnection) {
  GuestProtocol protocol;
  EXPECT_THAT(protocol.receive("hello 1 rea"), IsEmpty());
  protocol.reset();
  EXPECT_THAT(protocol.receive("ready\n"), ElementsAre(GuestEvent{Kind::kReady, ""}));
}

TEST(GuestProtocol, AHostileGuestCostsOneLine) {
  GuestProtocol protocol;
  EXPECT_THAT(protocol.receive(std::string(kMaxGuestLineBytes, 'x')), IsEmpty());
  EXPECT_THAT(protocol.receive(std::string(1 << 20, 'x')), ElementsAre(GuestEvent{Kind::kMalformed, "line too long"}));
  EXPECT_THAT(protocol.receive(std::string(1 << 20, 'x')), IsEmpty());
  EXPECT_THAT(protocol.receive("ready\nready\n"), ElementsAre(GuestEvent{Kind::kReady, ""}));
  EXPECT_THAT(protocol.receive(std::string_view("rea\0dy\n\x1b[2J\n", 12)),
              ElementsAre(GuestEvent{Kind::kMalformed, "not printable ASCII"},
                          GuestEvent{Kind::kMalformed, "not printable ASCII"}));
  EXPECT_THAT(protocol.receive("hello 2 ready\n\n"),
              ElementsAre(GuestEvent{Kind::kMalformed, "unknown line"}, GuestEvent{Kind::kMalformed, "unknown line"}));
}

TEST(GuestProtocol, OnlyLabelsBecomeHostNames) {
  EXPECT_EQ(guest_hostname("alice-1"), "hostname alice-1\n");
  EXPECT_EQ(guest_hostname(std::string(63, 'a')).size(), 9 + 63 + 1U);
  for (const std::string& bad : {std::string(), std::string(64, 'a'), std::string("-a"), std::string("a-"),
                                 std::string("a.b"), std::string("a b"), std::string("a\nshutdown")}) {
    EXPECT_EQ(guest_hostname(bad), "") << bad;
    EXPECT_EQ(guest_identity(bad, "m", 1, "s"), "") << bad;
  }
}

TEST(GuestProtocol, IdentityIsOneLine) {
  const std::string line =
      guest_identity(std::string(63, 'a'), std::string(32, '0'), 1795814602000, std::string(64, 'f'));
  EXPECT_EQ(line, "identity " + std::string(63, 'a') + " " + std::string(32, '0') + " 1795814602000 " +
                      std::string(64, 'f') + "\n");
  EXPECT_LE(line.size(), kMaxGuestLineBytes);
}

}  // namespace
}  // namespace tobari::vmhost
