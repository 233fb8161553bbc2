// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/portal.h"

#include <gtest/gtest.h>

namespace tobari::client {
namespace {

TEST(Portal, TakesWhatPeopleType) {
  const auto url = [](const char* typed) {
    return Portal::parse(QString::fromUtf8(typed))->api(QStringLiteral("login")).toString().toStdString();
  };
  EXPECT_EQ(url("desk.example"), "https://desk.example/api/v1/login");
  EXPECT_EQ(url(" desk.example:8443/ "), "https://desk.example:8443/api/v1/login");
  EXPECT_EQ(url("https://Desk.Example"), "https://desk.example/api/v1/login");
  EXPECT_EQ(url("[::1]:8443"), "https://[::1]:8443/api/v1/login");
}

TEST(Portal, NamesThePortOnlyWhenItIsNotTheUsualOne) {
  EXPECT_EQ(Portal::parse(QStringLiteral("https://a.example:443"))->name().toStdString(), "a.example");
  EXPECT_EQ(Portal::parse(QStringLiteral("a.example:8443"))->name().toStdString(), "a.example:8443");
}

TEST(Portal, RefusesWhatIsNotSafeOrNoAddress) {
  for (const auto* typed :
       {"", "  ", "http://desk.example", "ftp://desk.example", "https://ada:pw@desk.example", "desk.example/path",
        "desk.example?x", "desk.example#x", "a b", "desk.example:99999", "https://"}) {
    EXPECT_FALSE(Portal::parse(QString::fromUtf8(typed))) << typed;
  }
  EXPECT_FALSE(Portal::parse(QString(1000, QLatin1Char('a'))));
}

}  // namespace
}  // namespace tobari::client
