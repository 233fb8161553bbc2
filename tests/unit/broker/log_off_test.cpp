// SPDX-License-Identifier: GPL-3.0-or-later
// POST /desktops/{id}/logoff and /sessions/{id}/logoff
#include <algorithm>

#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class LogOff : public ::testing::Test, protected Harness {
 protected:
  LogOff() {
    pool.id = PoolId::random();
    pool.name = "office";
    pool.image = "debian";
    pool.max = 5;
    act([this](Writer& writer) { return writer.add_pool(pool); });
  }
  Desktop add_desktop(const PoolId& of, const std::string& name, const UserId& user) {
    Desktop desktop;
    desktop.id = DesktopId::random();
    desktop.name = name;
    desktop.user = user;
    desktop.host = node.id;
    desktop.image = "debian";
    desktop.power = Power::kOn;
    desktop.pool = of;
    act([&desktop](Writer& writer) { return writer.add_desktop(desktop); });
    return desktop;
  }
  Session add_session(const Desktop& desktop, SessionState state) {
    Session session = new_session(node, desktop.user, state);
    session.desktop = desktop.id;
    act([&session](Writer& writer) { return writer.add_session(session); });
    return session;
  }
  Response log_off(const std::string& what, const std::string& token, const std::string& key = "") {
    return call("POST", "/api/v1/" + what + "/logoff", token, "", key);
  }
  bool host_closed(const Session& session) const {
    const auto sent = link->sent();
    return std::ranges::any_of(sent, [&session](const wire::ToHost& message) {
      return message.close_session().session_id() == session.id.str();
    });
  }
  Desktop now(const Desktop& desktop) {
    return *store.get([&desktop](const Reader& r) { return r.desktop(desktop.id); });
  }
  SessionState state_of(const Session& session) {
    return store.get([&session](const Reader& r) { return r.session(session.id); })->state;
  }

  Pool pool;
  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const User bob_user = add_user("bob");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const std::string bob = sign_in("bob");
  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link = attach(node);
};

TEST_F(LogOff, AFloatingDesktopIsGivenBackAndItsSessionsEnd) {
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  const Session live = add_session(desktop, SessionState::kConnected);
  const Session offered = add_session(desktop, SessionState::kOffered);
  const Response done = log_off("desktops/" + desktop.id.str(), alice);
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(body_of(done).at("desktop"), "given_back");
  EXPECT_EQ(now(desktop).power, Power::kDeleted);
  EXPECT_TRUE(now(desktop).user.empty());
  EXPECT_GT(now(desktop).epoch, desktop.epoch);
  EXPECT_TRUE(host_closed(live));
  EXPECT_TRUE(host_closed(offered));
  EXPECT_EQ(state_of(offered), SessionState::kEnded) << "what was offered leads nowhere";
  EXPECT_EQ(state_of(live), SessionState::kConnected) << "its host says when it has ended";
  EXPECT_THAT(audited(), Contains("desktop.release alice"));
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", alice)).at("desktops").size(), 0U);
  EXPECT_EQ(log_off("desktops/" + desktop.id.str(), alice).status, 404) << "it is nobody's";
}

TEST_F(LogOff, OfASessionMeansItsDesktopAlsoWhenItIsOver) {
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  const Session over = add_session(desktop, SessionState::kDisconnected);
  EXPECT_EQ(log_off("sessions/" + over.id.str(), bob).status, 404);
  EXPECT_EQ(body_of(log_off("sessions/" + over.id.str(), alice)).at("desktop"), "given_back");
  EXPECT_EQ(now(desktop).power, Power::kDeleted);
  const std::size_t records = audited().size();
  EXPECT_EQ(body_of(log_off("sessions/" + over.id.str(), alice)).at("desktop"), "given_back");
  EXPECT_EQ(audited().size(), records) << "the same answer, nothing done";
}

TEST_F(LogOff, AnOldSessionDoesNotEndWhatSomebodyElseHasNow) {
  const Desktop desktop = add_desktop(pool.id, "office-1", bob_user.id);
  Session old = new_session(node, alice_user.id, SessionState::kEnded);
  old.desktop = desktop.id;
  act([&old](Writer& writer) { return writer.add_session(old); });
  EXPECT_EQ(log_off("sessions/" + old.id.str(), alice).status, 202);
  EXPECT_EQ(now(desktop).user, bob_user.id);
  EXPECT_EQ(now(desktop).power, Power::kOn);
}

TEST_F(LogOff, ADesktopOfAUsersOwnIsKept) {
  const Desktop own = add_desktop({}, "own", alice_user.id);
  const Desktop other = add_desktop({}, "other", alice_user.id);
  const Session live = add_session(own, SessionState::kConnected);
  const Session beside = add_session(other, SessionState::kConnected);
  const Response done = log_off("desktops/" + own.id.str(), alice);
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(body_of(done).at("desktop"), "kept");
  EXPECT_EQ(now(own).power, Power::kOn);
  EXPECT_EQ(now(own).user, alice_user.id);
  EXPECT_TRUE(host_closed(live));
  EXPECT_FALSE(host_closed(beside));
  EXPECT_THAT(audited(), Contains("session.logoff alice"));
  EXPECT_THAT(audited(), Not(Contains("desktop.release alice")));
}

TEST_F(LogOff, AWallThatShowsTheDesktopEndsToo) {
  const Desktop first = add_desktop({}, "left", alice_user.id);
  const Desktop floating = add_desktop(pool.id, "office-1", alice_user.id);
  Session wall = new_session(node, alice_user.id, SessionState::kConnected);
  wall.desktop = first.id;
  wall.further = {floating.id};
  act([&wall](Writer& writer) { return writer.add_session(wall); });
  ASSERT_EQ(log_off("desktops/" + floating.id.str(), alice).status, 202);
  EXPECT_TRUE(host_closed(wall));
}

TEST_F(LogOff, AnAdministratorMayAndOthersMayNot) {
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  EXPECT_EQ(log_off("desktops/" + desktop.id.str(), bob).status, 404);
  EXPECT_EQ(log_off("desktops/" + desktop.id.str(), "").status, 401);
  EXPECT_EQ(log_off("desktops/" + desktop.id.str(), admin).status, 202);
  EXPECT_THAT(audited(), Contains("desktop.release root"));
  const Desktop spare = add_desktop(pool.id, "office-2", {});
  const Response nobody = log_off("desktops/" + spare.id.str(), admin);
  EXPECT_EQ(nobody.status, 409);
  EXPECT_THAT(nobody.body, HasSubstr("nobody's"));
}

TEST_F(LogOff, TheSameRequestAgainGetsTheSameAnswer) {
  const std::string key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  const Response first = log_off("desktops/" + desktop.id.str(), alice, key);
  ASSERT_EQ(first.status, 202) << first.body;
  const Response again = log_off("desktops/" + desktop.id.str(), alice, key);
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, first.body);
}

TEST_F(LogOff, AFullDiskLeavesEverythingAsItWas) {
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  const Session live = add_session(desktop, SessionState::kConnected);
  store.set_full(true);
  EXPECT_EQ(code_of(log_off("desktops/" + desktop.id.str(), alice)), "storage_unavailable");
  store.set_full(false);
  EXPECT_EQ(now(desktop).user, alice_user.id);
  EXPECT_FALSE(host_closed(live));
}

}  // namespace
}  // namespace tobari::broker
