// SPDX-License-Identifier: GPL-3.0-or-later
// /pools, /hosts and /placement as an administrator sees them.
#include <algorithm>
#include <format>

#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class PoolsRest : public ::testing::Test, protected Harness {
 protected:
  static std::string office(const std::string& more = "") {
    return R"({"name":"office","kind":"floating","image":"debian","max":3,"memory_mib":512)" + more + "}";
  }
  std::string make(const std::string& body) {
    const Response made = call("POST", "/api/v1/pools", admin, body);
    EXPECT_EQ(made.status, 201) << made.body;
    return body_of(made).value("id", "");
  }
  // Of alice, in no pool, on the attached host.
  std::string make_desktop(const std::string& name, const std::string& user = "alice") {
    const Response made =
        call("POST", "/api/v1/desktops", admin,
             std::format(R"({{"user":"{}","image":"debian","name":"{}","host":"host-1"}})", user, name));
    EXPECT_EQ(made.status, 201) << made.body;
    return body_of(made).value("id", "");
  }
  Desktop pooled(const std::string& pool, const std::string& name, const UserId& user = {}) const {
    Desktop desktop;
    desktop.id = DesktopId::random();
    desktop.name = name;
    desktop.user = user;
    desktop.host = node.id;
    desktop.image = "debian";
    desktop.memory_mib = 512;
    desktop.power = Power::kOn;
    desktop.pool = PoolId::parse(pool).value();
    return desktop;
  }
  Desktop add_to_pool(const std::string& pool, const std::string& name, const UserId& user = {}) {
    const Desktop desktop = pooled(pool, name, user);
    act([&desktop](Writer& writer) { return writer.add_desktop(desktop); });
    return desktop;
  }
  Session connected(const DesktopId& desktop, const UserId& user) {
    Session session = new_session(node, user, SessionState::kConnected);
    session.desktop = desktop;
    act([&session](Writer& writer) { return writer.add_session(session); });
    return session;
  }
  nlohmann::json host_called(const std::string& name) {
    const auto listed = body_of(call("GET", "/api/v1/hosts", admin));
    for (const auto& host : listed.at("hosts")) {
      if (host.at("name") == name) return host;
    }
    ADD_FAILURE() << "no host " << name << " in " << listed;
    return {};
  }

  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const User bob_user = add_user("bob");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const std::string bob = sign_in("bob");
  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link = attach(node);
};

TEST_F(PoolsRest, APoolIsMadeOnceChangedAndRemovedOnRecord) {
  const std::string id = make(office(R"(,"spares":1,"labels":["east"])"));
  EXPECT_EQ(call("POST", "/api/v1/pools", admin, office()).status, 409);
  const auto listed = body_of(call("GET", "/api/v1/pools", admin)).at("pools");
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0], body_of(call("GET", "/api/v1/pools/" + id, admin)));
  EXPECT_EQ(listed[0].at("kind"), "floating");
  EXPECT_EQ(listed[0].at("machine"), "vm");
  EXPECT_EQ(listed[0].at("keep_seconds"), 14400);
  EXPECT_EQ(listed[0].at("state"), "open");
  EXPECT_EQ(listed[0].at("desktops"), 0);
  const Response changed = call("PATCH", "/api/v1/pools/" + id, admin, R"({"max":7,"open":false})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(body_of(changed).at("max"), 7);
  EXPECT_EQ(body_of(changed).at("spares"), 1) << "what is not named stays";
  EXPECT_EQ(body_of(changed).at("state"), "closed");
  EXPECT_EQ(call("PATCH", "/api/v1/pools/" + id, admin, R"({"min":8})").status, 400);
  const Response other = call("PATCH", "/api/v1/pools/" + id, admin, R"({"machine":"container"})");
  EXPECT_EQ(body_of(other).at("machine"), "container");
  EXPECT_EQ(call("DELETE", "/api/v1/pools/" + id, admin).status, 202);
  EXPECT_EQ(body_of(call("GET", "/api/v1/pools/" + id, admin)).at("state"), "closing");
  EXPECT_EQ(call("PATCH", "/api/v1/pools/" + id, admin, R"({"max":9})").status, 409);
  for (const char* action : {"pool.create root", "pool.change root", "pool.remove root"}) {
    EXPECT_THAT(audited(), Contains(action));
  }
}

TEST_F(PoolsRest, WhatIsNoPoolIsNotThere) {
  for (const std::string& id : {PoolId::random().str(), std::string("office")}) {
    EXPECT_EQ(call("GET", "/api/v1/pools/" + id, admin).status, 404);
    EXPECT_EQ(call("PATCH", "/api/v1/pools/" + id, admin, "{}").status, 404);
    EXPECT_EQ(call("DELETE", "/api/v1/pools/" + id, admin).status, 404);
    EXPECT_EQ(call("GET", "/api/v1/pools/" + id + "/desktops", admin).status, 404);
    EXPECT_EQ(call("POST", "/api/v1/pools/" + id + "/connect", alice).status, 404);
  }
}

TEST_F(PoolsRest, AKeyMakesOnePool) {
  const std::string key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  const Response first = call("POST", "/api/v1/pools", admin, office(), key);
  const Response again = call("POST", "/api/v1/pools", admin, office(), key);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(body_of(call("GET", "/api/v1/pools", admin)).at("pools").size(), 1U);
  EXPECT_EQ(call("POST", "/api/v1/pools", admin, office(R"(,"spares":1)"), key).status, 409);
}

TEST_F(PoolsRest, AFullDiskLeavesNoPool) {
  store.set_full(true);
  EXPECT_EQ(code_of(call("POST", "/api/v1/pools", admin, office())), "storage_unavailable");
  store.set_full(false);
  EXPECT_EQ(body_of(call("GET", "/api/v1/pools", admin)).at("pools").size(), 0U);
}

TEST_F(PoolsRest, OnlyWhatThePolicyIsAskedAboutMeansLiveSessions) {
  const std::string id = make(office(R"(,"labels":["east"])"));
  const auto change = [&](const char* body) {
    EXPECT_EQ(call("PATCH", "/api/v1/pools/" + id, admin, body).status, 200) << body;
    return pools_changed;
  };
  EXPECT_EQ(change(R"({"spares":2})"), 0);
  EXPECT_EQ(change(R"({"labels":["east"]})"), 0);
  EXPECT_EQ(change(R"({"labels":["west"]})"), 1);
  EXPECT_EQ(change(R"({"name":"bureau"})"), 2);
}

TEST_F(PoolsRest, APoolSomebodyUsesIsNotRemoved) {
  const std::string id = make(office());
  add_to_pool(id, "office-1", alice_user.id);
  add_to_pool(id, "office-2");
  const auto pool = body_of(call("GET", "/api/v1/pools/" + id, admin));
  EXPECT_EQ(pool.at("desktops"), 2);
  EXPECT_EQ(pool.at("assigned"), 1);
  EXPECT_EQ(pool.at("free"), 1);
  const Response refused = call("DELETE", "/api/v1/pools/" + id, admin);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("belong to users"));
}

TEST_F(PoolsRest, ItsDesktopsComeInPagesWithTheirUsers) {
  const std::string id = make(R"({"name":"big","kind":"floating","image":"debian","max":2000})");
  act([this, &id](Writer& writer) -> Result<void> {
    for (std::size_t i = 0; i < kMaxDesktopList + 2; ++i) {
      TOBARI_TRY(writer.add_desktop(pooled(id, std::format("big-{:04}", i))));
    }
    return writer.add_desktop(pooled(id, "big-zz", alice_user.id));
  });
  const std::string path = "/api/v1/pools/" + id + "/desktops";
  const auto first = body_of(call("GET", path, admin));
  EXPECT_EQ(first.at("desktops").size(), kMaxDesktopList);
  EXPECT_EQ(first.at("desktops")[0].at("user"), "");
  const auto second = body_of(call("GET", path + "?after=" + first.at("next").get<std::string>(), admin));
  ASSERT_EQ(second.at("desktops").size(), 3U);
  EXPECT_EQ(second.at("desktops")[2].at("user"), "alice");
  EXPECT_EQ(second.at("desktops")[2].at("pool"), "big");
  EXPECT_FALSE(second.contains("next"));
}

TEST_F(PoolsRest, DesktopsAreLentAndTakenBackByHand) {
  const std::string lab = make(R"({"name":"lab","kind":"manual"})");
  const std::string desktop = make_desktop("scope");
  const std::string path = "/api/v1/pools/" + lab + "/desktops/" + desktop;
  const Response put_in = call("PUT", path, admin);
  ASSERT_EQ(put_in.status, 200) << put_in.body;
  EXPECT_EQ(body_of(put_in).at("user"), "alice") << "whose it was";
  EXPECT_EQ(body_of(put_in).at("pool"), "lab");
  const Session session = connected(DesktopId::parse(desktop).value(), alice_user.id);
  EXPECT_EQ(body_of(call("PUT", path, admin, R"({"user":"bob"})")).at("user"), "bob");
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", alice)).at("desktops").size(), 0U);
  const auto sent = link->sent();
  const auto closed = std::ranges::find_if(sent, [&session](const wire::ToHost& message) {
    return message.close_session().session_id() == session.id.str();
  });
  ASSERT_TRUE(closed != sent.end()) << "alice does not look on";
  const auto is_desired = [](const wire::ToHost& message) { return message.has_desired(); };
  const auto told = std::ranges::find_if(closed, sent.end(), is_desired);
  ASSERT_TRUE(told != sent.end()) << "and the reason comes first";
  EXPECT_EQ(told->desired().desktops(0).epoch(), 2U) << "which says it as well";
  EXPECT_EQ(call("DELETE", path, admin).status, 204);
  EXPECT_FALSE(body_of(call("GET", "/api/v1/desktops/" + desktop, bob)).contains("pool")) << "bob keeps it";
  EXPECT_EQ(call("DELETE", path, admin).status, 404);
  EXPECT_EQ(pools_changed, 3);
}

TEST_F(PoolsRest, WhatCannotBePutIntoAPoolIsSaid) {
  const std::string lab = make(R"({"name":"lab","kind":"manual"})");
  const std::string floating = make(office());
  const std::string one = make_desktop("one");
  const std::string two = make_desktop("two");
  const auto put_in = [&](const std::string& pool, const std::string& desktop, const char* body = "{}") {
    return call("PUT", "/api/v1/pools/" + pool + "/desktops/" + desktop, admin, body);
  };
  EXPECT_EQ(put_in(lab, one).status, 200);
  EXPECT_THAT(put_in(lab, two).body, HasSubstr("has one in this pool already"));
  EXPECT_EQ(put_in(lab, two, R"({"user":"mallory"})").status, 404);
  EXPECT_EQ(put_in(lab, DesktopId::random().str()).status, 404);
  EXPECT_EQ(put_in(lab, "two").status, 404);
  EXPECT_EQ(put_in(PoolId::random().str(), two).status, 404);
  EXPECT_THAT(put_in(floating, two).body, HasSubstr("takes no desktops by hand"));
  const Desktop spare = add_to_pool(floating, "office-1");
  EXPECT_THAT(put_in(lab, spare.id.str(), R"({"user":"bob"})").body, HasSubstr("which makes its own desktops"));
  EXPECT_THAT(put_in(lab, spare.id.str()).body, HasSubstr("user is missing"));
}

TEST_F(PoolsRest, ADeletedDesktopOfAPoolIsNobodysAtOnce) {
  const std::string id = make(office());
  const Desktop desktop = add_to_pool(id, "office-1", alice_user.id);
  const Session session = connected(desktop.id, alice_user.id);
  EXPECT_EQ(call("DELETE", "/api/v1/desktops/" + desktop.id.str(), admin).status, 202);
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", alice)).at("desktops").size(), 0U);
  const auto sent = link->sent();
  ASSERT_GE(sent.size(), 2U);
  EXPECT_EQ(sent[sent.size() - 2].close_session().session_id(), session.id.str()) << "first, for its reason";
  ASSERT_EQ(sent.back().desired().desktops_size(), 1);
  EXPECT_EQ(sent.back().desired().desktops(0).power(), wire::DesiredDesktop::DELETED);
  EXPECT_EQ(body_of(call("GET", "/api/v1/pools/" + id, admin)).at("leaving"), 1);
  const std::size_t records = audited().size();
  EXPECT_EQ(call("DELETE", "/api/v1/desktops/" + desktop.id.str(), admin).status, 202);
  EXPECT_EQ(audited().size(), records) << "nothing was left to do";
}

// ---- hosts

TEST_F(PoolsRest, HostsShowTheirModeLeaseAndMemory) {
  lease_age = std::chrono::milliseconds(3250);
  make_desktop("one");
  add_host("away");
  hosts.set_load(node.id, {.cpu = 0.5, .memory_available_mib = 4096, .memory_shared_mib = 8500, .displays = {}});
  const auto host = host_called("host-1");
  EXPECT_EQ(host.at("mode"), "ready");
  EXPECT_EQ(host.at("lost"), false);
  EXPECT_DOUBLE_EQ(host.at("lease_age_seconds").get<double>(), 3.25);
  EXPECT_EQ(host.at("desktops"), 1);
  EXPECT_EQ(host.at("memory_promised_mib"), 1024);
  EXPECT_EQ(host.at("memory_free_mib"), 4096);
  EXPECT_EQ(host.at("memory_shared_mib"), 8500);
  EXPECT_FALSE(host_called("away").contains("memory_shared_mib")) << "it has not said";
  hosts.set_load(node.id, {.cpu = 0.5, .memory_available_mib = 4096, .displays = {}});
  EXPECT_FALSE(host_called("host-1").contains("memory_shared_mib")) << "it has no clones";
  EXPECT_EQ(host.at("memory_mib"), 8192);
  lease_age.reset();
  EXPECT_FALSE(host_called("host-1").contains("lease_age_seconds"));
}

TEST_F(PoolsRest, AHostThatDrainsGetsNothingNewUntilItIsReady) {
  const std::string path = "/api/v1/hosts/" + node.id.str();
  const Response draining = call("PUT", path, admin, R"({"mode":"draining"})");
  ASSERT_EQ(draining.status, 200) << draining.body;
  EXPECT_EQ(body_of(draining).at("mode"), "draining");
  EXPECT_EQ(call("PUT", path, admin, R"({"mode":"draining"})").status, 200);
  const Response refused = call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian"})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("host-1 is draining"));
  EXPECT_EQ(call("PUT", path, admin, R"({"mode":"ready"})").status, 200);
  make_desktop("one");
  const auto records = audited();
  EXPECT_EQ(std::ranges::count(records, std::string("host.drain root")), 1);
  EXPECT_EQ(std::ranges::count(records, std::string("host.resume root")), 1);
}

TEST_F(PoolsRest, OnlyHostsHaveAMode) {
  const Node gateway{HostId::random(), "gw", NodeRole::kGateway, clock.wall()};
  act([&gateway](Writer& writer) { return writer.add_node(gateway); });
  const Response refused = call("PUT", "/api/v1/hosts/" + gateway.id.str(), admin, R"({"mode":"draining"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("gw is a gateway"));
  EXPECT_FALSE(host_called("gw").contains("mode"));
  EXPECT_EQ(call("PUT", "/api/v1/hosts/" + HostId::random().str(), admin, R"({"mode":"ready"})").status, 404);
  EXPECT_EQ(call("PUT", "/api/v1/hosts/" + node.id.str(), admin, R"({"mode":"off"})").status, 400);
}

// ---- placement

TEST_F(PoolsRest, PlacementIsExplainedHostByHost) {
  const Node second = add_host("host-2");
  const auto second_link = attach(second);
  const Node third = add_host("host-3");
  make(office());
  ASSERT_EQ(call("PUT", "/api/v1/hosts/" + node.id.str(), admin, R"({"mode":"draining"})").status, 200);
  const auto why = body_of(call("GET", "/api/v1/placement?pool=office", admin));
  EXPECT_EQ(why.at("host"), "host-2");
  ASSERT_EQ(why.at("hosts").size(), 3U);
  EXPECT_EQ(why.at("hosts")[0].at("why"), "is draining");
  EXPECT_EQ(why.at("hosts")[0].at("possible"), false);
  EXPECT_FALSE(why.at("hosts")[0].contains("score"));
  EXPECT_EQ(why.at("hosts")[1].at("chosen"), true);
  EXPECT_THAT(why.at("hosts")[1].at("why").get<std::string>(), HasSubstr("of its memory free"));
  EXPECT_EQ(why.at("hosts")[2].at("why"), "is not connected");
  EXPECT_THAT(why.at("next").get<std::string>(), HasSubstr("gets a new one: there are 0 of 3"));
}

TEST_F(PoolsRest, PlacementKnowsWhatComesBeforeANewDesktop) {
  const std::string id = make(office());
  const auto next = [this] {
    return body_of(call("GET", "/api/v1/placement?pool=office", admin)).at("next").get<std::string>();
  };
  add_to_pool(id, "office-1");
  EXPECT_THAT(next(), HasSubstr("1 wait for a user"));
  act([&](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(const auto spares, writer.spares(PoolId::parse(id).value(), 1));
    return writer.assign_desktop(spares.front().id, spares.front().epoch, alice_user.id);
  });
  EXPECT_THAT(next(), HasSubstr("there are 1 of 3"));
  EXPECT_EQ(call("PATCH", "/api/v1/pools/" + id, admin, R"({"max":1})").status, 200);
  EXPECT_THAT(next(), HasSubstr("the pool is full"));
  make(R"({"name":"lab","kind":"manual"})");
  const auto manual = body_of(call("GET", "/api/v1/placement?pool=lab", admin));
  EXPECT_THAT(manual.at("next").get<std::string>(), HasSubstr("by hand"));
}

TEST_F(PoolsRest, PlacementPrefersWhereTheUserHasADesktop) {
  make(office());
  make_desktop("one");
  const auto score = [this](const char* query) {
    const auto answer = body_of(call("GET", std::string("/api/v1/placement?pool=office") + query, admin));
    return answer.at("hosts")[0].at("score").get<double>();
  };
  EXPECT_NEAR(score("&user=alice") - score("&user=bob"), 0.25, 1e-9);
  EXPECT_EQ(call("GET", "/api/v1/placement?pool=office&user=mallory", admin).status, 404);
  EXPECT_EQ(call("GET", "/api/v1/placement?pool=nothing", admin).status, 404);
  EXPECT_EQ(call("GET", "/api/v1/placement", admin).status, 400);
}

}  // namespace
}  // namespace tobari::broker
