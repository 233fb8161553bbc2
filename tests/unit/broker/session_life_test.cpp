// SPDX-License-Identifier: GPL-3.0-or-later
// Restart, reset, ends, users' disks, plans and drains over REST.
#include <algorithm>
#include <format>

#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class SessionLife : public ::testing::Test, protected Harness {
 protected:
  SessionLife() {
    pool.id = PoolId::random();
    pool.name = "office";
    pool.image = "debian";
    pool.max = 5;
    act([this](Writer& writer) { return writer.add_pool(pool); });
  }
  Desktop add_desktop(const PoolId& of, const std::string& name, const UserId& user, Power power = Power::kOn) {
    Desktop desktop;
    desktop.id = DesktopId::random();
    desktop.name = name;
    desktop.user = user;
    desktop.host = node.id;
    desktop.image = "debian";
    desktop.power = power;
    desktop.pool = of;
    act([&desktop](Writer& writer) { return writer.add_desktop(desktop); });
    return desktop;
  }
  UserDisk add_disk(const std::string& name, const User& user) {
    UserDisk disk;
    disk.id = UserDiskId::random();
    disk.user = user.id;
    disk.name = name;
    disk.size_gib = 5;
    act([&disk](Writer& writer) { return writer.add_user_disk(disk); });
    return disk;
  }
  void hold(const UserDisk& disk, const DesktopId& holder) {
    act([&](Writer& writer) { return writer.hold_user_disk(disk.id, disk.epoch, holder, node.id); });
  }
  Response post(const std::string& path, const std::string& token, const std::string& body = "") {
    return call("POST", "/api/v1/" + path, token, body);
  }
  Desktop now(const Desktop& desktop) {
    return *store.get([&desktop](const Reader& r) { return r.desktop(desktop.id); });
  }
  // What the host was told about it by an order.
  std::vector<std::string> orders(const Desktop& desktop) const {
    std::vector<std::string> found;
    for (const wire::ToHost& message : link->sent()) {
      if (message.restart_desktop().desktop_id() == desktop.id.str()) {
        found.emplace_back(message.restart_desktop().orderly() ? "restart" : "reset");
      }
      if (message.log_off().desktop_id() == desktop.id.str()) found.emplace_back("log off");
    }
    return found;
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

// ---- restart, reset

TEST_F(SessionLife, AUserRestartsWhereThePolicySaysSo) {
  const Desktop own = add_desktop({}, "own", alice_user.id);
  const std::string path = "desktops/" + own.id.str();
  const Response denied = post(path + "/restart", alice);
  EXPECT_EQ(denied.status, 403) << denied.body;
  EXPECT_EQ(code_of(denied), "policy_denied");
  EXPECT_THAT(denied.body, HasSubstr("nobody works at night"));
  EXPECT_THAT(audited(), Contains("desktop.restart alice")) << "a refusal is on record too";
  EXPECT_TRUE(orders(own).empty());
  allowed = {"connect", "desktop.restart"};
  EXPECT_EQ(post(path + "/restart", alice).status, 202);
  EXPECT_THAT(orders(own), ::testing::ElementsAre("restart"));
  EXPECT_EQ(post(path + "/reset", alice).status, 403) << "each is a channel of its own";
  allowed.insert("desktop.reset");
  EXPECT_EQ(post(path + "/reset", alice).status, 202);
  EXPECT_THAT(orders(own), ::testing::ElementsAre("restart", "reset"));
  EXPECT_EQ(post(path + "/restart", bob).status, 404) << "it is not there for him";
}

TEST_F(SessionLife, AnAdministratorRestartsWithoutARule) {
  const Desktop own = add_desktop({}, "own", alice_user.id);
  EXPECT_EQ(post("desktops/" + own.id.str() + "/restart", admin).status, 202);
  const Desktop mine = add_desktop({}, "mine", admin_user.id);
  EXPECT_EQ(post("desktops/" + mine.id.str() + "/reset", admin).status, 202);
  EXPECT_THAT(audited(), Contains("desktop.reset root"));
}

TEST_F(SessionLife, WhatIsOffIsStarted) {
  allowed.insert("desktop.restart");
  const Desktop own = add_desktop({}, "own", alice_user.id, Power::kOff);
  EXPECT_EQ(post("desktops/" + own.id.str() + "/restart", alice).status, 202);
  EXPECT_EQ(now(own).power, Power::kOn);
}

TEST_F(SessionLife, WhatIsNotReachedIsNotRestartedLater) {
  allowed.insert("desktop.reset");
  const Node away = add_host("host-2");
  Desktop far = add_desktop({}, "far", alice_user.id);
  act([&](Writer& writer) -> Result<void> {
    TOBARI_TRY(writer.remove_desktop(far.id));
    far.host = away.id;
    return writer.add_desktop(far);
  });
  const Response done = post("desktops/" + far.id.str() + "/reset", alice);
  EXPECT_EQ(done.status, 503) << done.body;
  EXPECT_EQ(code_of(done), "host_away");
}

// ---- the end that somebody else sets

TEST_F(SessionLife, AnEndIsAnnouncedAndTakenBack) {
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  const std::string path = "desktops/" + desktop.id.str() + "/end";
  EXPECT_EQ(post(path, alice, R"({"notice_seconds":60})").status, 403) << "administrators'";
  ASSERT_EQ(post(path, admin, R"({"notice_seconds":600,"text":"maintenance"})").status, 202);
  ASSERT_TRUE(now(desktop).ending);
  EXPECT_EQ(now(desktop).ending->at, clock.wall() + seconds(600));
  EXPECT_EQ(now(desktop).ending->how, EndHow::kRelease);
  EXPECT_EQ(now(desktop).ending->text, "maintenance");
  EXPECT_EQ(now(desktop).user, alice_user.id) << "not yet";
  const auto shown = body_of(call("GET", "/api/v1/desktops", alice)).at("desktops").at(0);
  EXPECT_THAT(shown.dump(), HasSubstr("maintenance"));
  EXPECT_EQ(call("DELETE", "/api/v1/" + path, alice).status, 403);
  ASSERT_EQ(call("DELETE", "/api/v1/" + path, admin).status, 202);
  EXPECT_FALSE(now(desktop).ending);
  EXPECT_THAT(audited(), Contains("desktop.end root"));
  EXPECT_THAT(audited(), Contains("desktop.keep root"));
}

TEST_F(SessionLife, AnEndWithoutANoticeIsAtOnce) {
  const Desktop floating = add_desktop(pool.id, "office-1", alice_user.id);
  ASSERT_EQ(post("desktops/" + floating.id.str() + "/end", admin).status, 202);
  EXPECT_EQ(now(floating).power, Power::kDeleted);
  EXPECT_TRUE(now(floating).user.empty());
  const Desktop own = add_desktop({}, "own", alice_user.id);
  ASSERT_EQ(post("desktops/" + own.id.str() + "/end", admin, R"({"stop":true})").status, 202);
  EXPECT_EQ(now(own).power, Power::kOff);
  EXPECT_EQ(now(own).user, alice_user.id) << "it stays hers";
  EXPECT_THAT(orders(own), ::testing::ElementsAre("log off"));
}

TEST_F(SessionLife, AnEndThatCannotBeIsRefused) {
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  const std::string path = "desktops/" + desktop.id.str() + "/end";
  for (const char* body :
       {R"({"notice_seconds":-1})", R"({"notice_seconds":9999999})", R"({"stop":1})", R"({"when":"soon"})", "[]"}) {
    EXPECT_EQ(post(path, admin, body).status, 400) << body;
  }
  EXPECT_EQ(post(path, admin, std::format(R"({{"text":"{}"}})", std::string(257, 'a'))).status, 400);
  EXPECT_FALSE(now(desktop).ending);
  const Desktop spare = add_desktop(pool.id, "office-2", {});
  EXPECT_EQ(post("desktops/" + spare.id.str() + "/end", admin).status, 404) << "nobody has it";
}

// ---- log-off

TEST_F(SessionLife, TheGuestOfAKeptDesktopIsLoggedOff) {
  const Desktop own = add_desktop({}, "own", alice_user.id);
  ASSERT_EQ(post("desktops/" + own.id.str() + "/logoff", alice).status, 202);
  EXPECT_THAT(orders(own), ::testing::ElementsAre("log off"));
  EXPECT_EQ(now(own).power, Power::kOn);
  const Desktop floating = add_desktop(pool.id, "office-1", alice_user.id);
  ASSERT_EQ(post("desktops/" + floating.id.str() + "/logoff", alice).status, 202);
  EXPECT_TRUE(orders(floating).empty()) << "it is deleted";
}

TEST_F(SessionLife, ADedicatedDesktopStopsAtLogOffWhereItsPoolSaysSo) {
  Pool dedicated;
  dedicated.id = PoolId::random();
  dedicated.name = "own";
  dedicated.kind = PoolKind::kDedicated;
  dedicated.image = "debian";
  dedicated.max = 5;
  dedicated.plan = R"({"log_off":"stop"})";
  act([&dedicated](Writer& writer) { return writer.add_pool(dedicated); });
  const Desktop desktop = add_desktop(dedicated.id, "own-1", alice_user.id);
  const Response done = post("desktops/" + desktop.id.str() + "/logoff", alice);
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(body_of(done).at("desktop"), "kept");
  EXPECT_EQ(now(desktop).power, Power::kOff);
  EXPECT_EQ(now(desktop).rest, Rest::kStopped);
}

// ---- users' disks

TEST_F(SessionLife, EverybodySeesTheirOwnDisks) {
  const UserDisk hers = add_disk("home", alice_user);
  add_disk("home", bob_user);
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  hold(hers, desktop.id);
  const auto all = body_of(call("GET", "/api/v1/user-disks", admin)).at("user_disks");
  EXPECT_EQ(all.size(), 2U);
  const auto own = body_of(call("GET", "/api/v1/user-disks", alice)).at("user_disks");
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].at("id"), hers.id.str());
  EXPECT_EQ(own[0].at("user"), "alice");
  EXPECT_EQ(own[0].at("state"), "in_use");
  EXPECT_EQ(own[0].at("desktop"), "office-1");
  EXPECT_EQ(own[0].at("host"), "host-1");
  EXPECT_EQ(call("GET", "/api/v1/user-disks", "").status, 401);
}

TEST_F(SessionLife, ADiskIsDeletedWhenItIsNobodysDesktops) {
  const UserDisk disk = add_disk("home", alice_user);
  const Desktop desktop = add_desktop(pool.id, "office-1", alice_user.id);
  hold(disk, desktop.id);
  const std::string path = "/api/v1/user-disks/" + disk.id.str();
  EXPECT_EQ(call("DELETE", path, alice).status, 403) << "administrators'";
  const Response in_use = call("DELETE", path, admin);
  EXPECT_EQ(in_use.status, 409);
  EXPECT_THAT(in_use.body, HasSubstr("office-1"));
  act([&desktop](Writer& writer) { return writer.remove_desktop(desktop.id); });
  ASSERT_EQ(call("DELETE", path, admin).status, 202);
  const auto listed = body_of(call("GET", "/api/v1/user-disks", alice)).at("user_disks");
  ASSERT_EQ(listed.size(), 1U) << "its host has not said that it is gone";
  EXPECT_EQ(listed[0].at("state"), "removing");
  EXPECT_EQ(call("DELETE", path, admin).status, 202) << "once more is the same";
  EXPECT_EQ(call("DELETE", "/api/v1/user-disks/" + UserDiskId::random().str(), admin).status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/user-disks/x", admin).status, 404);
  EXPECT_THAT(audited(), Contains("disk.remove root"));
}

// ---- plans

TEST_F(SessionLife, APlanIsReadShownAndTakenAway) {
  const std::string path = "/api/v1/pools/" + pool.id.str();
  const std::string plan =
      R"({"plan":{"hours":{"zone":"UTC","open":["mon-fri 08:00-18:00"]},"closed":{"spares":1,"unused":"stop"}}})";
  Response done = call("PATCH", path, admin, plan);
  ASSERT_EQ(done.status, 200) << done.body;
  const auto shown = body_of(call("GET", path, admin)).at("plan");
  EXPECT_EQ(shown.at("hours").at("zone"), "UTC");
  EXPECT_EQ(shown.at("closed").at("unused"), "stop");
  done = call("PATCH", path, admin, R"({"spares":1})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_TRUE(body_of(call("GET", path, admin)).contains("plan")) << "what is not mentioned stays";
  for (const char* wrong :
       {R"({"plan":{"hours":{"zone":"Nowhere/City","open":["mon 08:00-18:00"]}}})",
        R"({"plan":{"hours":{"zone":"UTC","open":["someday"]}}})", R"({"plan":{"idle":{"action":"burn"}}})",
        R"({"plan":{"disk":{"kind":"folder","size_gib":5}}})", R"({"plan":"none"})", R"({"plan":{"shrug":1}})"}) {
    EXPECT_EQ(call("PATCH", path, admin, wrong).status, 400) << wrong;
  }
  ASSERT_EQ(call("PATCH", path, admin, R"({"plan":{}})").status, 200);
  EXPECT_FALSE(body_of(call("GET", path, admin)).contains("plan"));
}

// ---- a host that is to be empty

TEST_F(SessionLife, ADrainThatMovesSaysToUsersWhen) {
  const Desktop floating = add_desktop(pool.id, "office-1", alice_user.id);
  const Desktop own = add_desktop({}, "own", bob_user.id);
  const std::string path = "/api/v1/hosts/" + node.id.str();
  const Response done =
      call("PUT", path, admin, R"({"mode":"draining","how":"move","notice_seconds":300,"text":"new disks"})");
  ASSERT_EQ(done.status, 200) << done.body;
  ASSERT_TRUE(now(floating).ending);
  EXPECT_EQ(now(floating).ending->at, clock.wall() + minutes(5));
  EXPECT_EQ(now(floating).ending->text, "new disks");
  EXPECT_FALSE(now(own).ending);
  const std::string left = body_of(done).at("left").dump();
  EXPECT_THAT(left, HasSubstr("office-1"));
  EXPECT_THAT(left, HasSubstr("cannot move")) << "and why";
  ASSERT_EQ(call("PUT", path, admin, R"({"mode":"ready"})").status, 200);
  EXPECT_FALSE(now(floating).ending) << "taken back";
}

TEST_F(SessionLife, ADrainThatWaitsTellsNobody) {
  const Desktop floating = add_desktop(pool.id, "office-1", alice_user.id);
  const std::string path = "/api/v1/hosts/" + node.id.str();
  const Response done = call("PUT", path, admin, R"({"mode":"draining"})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_FALSE(now(floating).ending);
  EXPECT_THAT(body_of(done).at("left").dump(), HasSubstr("after logging off"));
  for (const char* wrong : {R"({"mode":"ready","how":"move"})", R"({"mode":"draining","how":"jump"})",
                            R"({"mode":"draining","notice_seconds":5})", R"({"mode":"draining","text":"x"})"}) {
    EXPECT_EQ(call("PUT", path, admin, wrong).status, 400) << wrong;
  }
  EXPECT_THAT(audited(), Not(Contains("desktop.end root")));
}

}  // namespace
}  // namespace tobari::broker
