// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/messages.h"

#include <gtest/gtest.h>

namespace tobari::client {
namespace {

constexpr auto kId = "11111111-2222-4333-8444-555555555555";

QByteArray connection(const QByteArray& address = "gw.example", const QByteArray& port = "3389",
                      const QByteArray& token = "tok", const QByteArray& fingerprint = QByteArray(64, 'a')) {
  return R"({"session_id":")" + QByteArray(kId) + R"(","address":")" + address + R"(","port":)" + port +
         R"(,"routing_token":")" + token + R"(","user":"ada","ticket":"t1","certificate_sha256":")" + fingerprint +
         R"(","rdp_file":"","expires_at":"2030-01-01T00:00:00Z"})";
}

QByteArray desktops(const QByteArray& id, const QByteArray& state) {
  return R"({"desktops":[{"id":")" + id + R"(","name":"d","user":"ada","state":")" + state +
         R"(","image":"i","vcpus":1,"memory_mib":512}]})";
}

TEST(Messages, ReadsASignIn) {
  const auto reply = parse_sign_in(R"({"token":"abc","expires_at":"x","user":{"name":"ada","role":"user"},"new":1})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->token.toStdString(), "abc");
  EXPECT_EQ(reply->user.toStdString(), "ada");
}

TEST(Messages, RefusesASignInWithoutItsMembers) {
  for (const auto* body :
       {"", "[]", "{", "{}", R"({"token":1,"user":{"name":"a"}})", R"({"token":"a b","user":{"name":"a"}})",
        R"({"token":"abc"})", R"({"token":"abc","user":{"name":""}})"}) {
    EXPECT_FALSE(parse_sign_in(body)) << body;
  }
}

TEST(Messages, ReadsDesktops) {
  const auto list = parse_desktops(desktops(kId, "unreachable"));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->front().id.toStdString(), kId);
  EXPECT_EQ(list->front().state, DesktopState::kUnreachable);
  EXPECT_TRUE(parse_desktops(R"({"desktops":[]})"));
}

TEST(Messages, ReadsPoolsWhichStandForTheDesktopsInThem) {
  const QByteArray own = "11111111-2222-4333-8444-555555555556";
  const QByteArray both = R"({"id":")" + own + R"(","name":"office-1","state":"running"},{"id":")" + QByteArray(kId) +
                          R"(","name":"mine","state":"stopped"})";
  const QByteArray pools = R"({"id":")" + QByteArray(kId) + R"(","name":"lab","kind":"floating"},{"id":")" +
                           QByteArray(kId) + R"(","name":"office","kind":"floating","desktop_id":")" + own +
                           R"(","state":"running"})";
  const auto list = parse_desktops(R"({"desktops":[)" + both + R"(],"pools":[)" + pools + "]}");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 3);
  EXPECT_EQ(list->at(0).name.toStdString(), "lab");
  EXPECT_TRUE(list->at(0).of_pool);
  EXPECT_TRUE(list->at(0).desktop_id().isEmpty());
  EXPECT_EQ(list->at(1).name.toStdString(), "office");
  EXPECT_EQ(list->at(1).state, DesktopState::kRunning);
  EXPECT_EQ(list->at(1).desktop_id().toStdString(), own.toStdString());
  EXPECT_EQ(list->at(2).name.toStdString(), "mine");
  EXPECT_EQ(list->at(2).desktop_id().toStdString(), kId);
}

TEST(Messages, RefusesAPoolThatIsNone) {
  for (const char* pool : {R"({"id":"../x","name":"a"})", R"({"id":"11111111-2222-4333-8444-555555555555"})",
                           R"({"id":"11111111-2222-4333-8444-555555555555","name":"a","desktop_id":"x"})"}) {
    EXPECT_FALSE(parse_desktops(R"({"desktops":[],"pools":[)" + QByteArray(pool) + "]}")) << pool;
  }
}

// The id becomes part of a path.
TEST(Messages, RefusesADesktopIdThatIsNone) {
  EXPECT_FALSE(parse_desktops(desktops("../../users", "running")));
  EXPECT_FALSE(parse_desktops(desktops(kId, "dancing")));
  EXPECT_FALSE(parse_desktops(R"({"desktops":{}})"));
}

TEST(Messages, ReadsAConnection) {
  const auto reply = parse_connection(connection());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->port, 3389);
  EXPECT_EQ(reply->address.toStdString(), "gw.example");
  EXPECT_TRUE(parse_connection(connection("2001:db8::1")));
}

// The token goes into the first packet as it is: a line end in it would be a second line there.
TEST(Messages, RefusesAConnectionThatCouldBreakOut) {
  EXPECT_FALSE(parse_connection(connection("gw.example", "3389", R"(a\r\nb)")));
  EXPECT_FALSE(parse_connection(connection("gw.example", "3389", "a b")));
  EXPECT_FALSE(parse_connection(connection("gw.example", "3389", QByteArray(5000, 'a'))));
  EXPECT_FALSE(parse_connection(connection("gw example")));
  EXPECT_FALSE(parse_connection(connection("gw/../x")));
}

TEST(Messages, RefusesPortsAndFingerprintsOutOfRange) {
  for (const auto* port : {"0", "65536", "-1", "1.5", "\"3389\"", "1e99"}) {
    EXPECT_FALSE(parse_connection(connection("gw", port))) << port;
  }
  EXPECT_FALSE(parse_connection(connection("gw", "1", "t", "abc")));
  EXPECT_FALSE(parse_connection(connection("gw", "1", "t", QByteArray(64, 'g'))));
}

TEST(Messages, RefusesABodyBeyondTheLimit) {
  QByteArray body = R"({"desktops":[]})";
  body += QByteArray(kMaxBodyBytes, ' ');
  EXPECT_FALSE(parse_desktops(body));
}

TEST(Messages, ReadsAProblem) {
  const auto problem = parse_problem(R"({"title":"t","status":503,"code":"desktop_starting","detail":"d"})");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code.toStdString(), "desktop_starting");
  EXPECT_FALSE(parse_problem("<html>"));
}

}  // namespace
}  // namespace tobari::client
