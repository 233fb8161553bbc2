// SPDX-License-Identifier: GPL-3.0-or-later
// POST /pools/{id}/connect: whose pool it is, which desktop it gives, and how it waits for it.
#include <functional>
#include <thread>

#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using namespace std::chrono_literals;

class PoolConnect : public ::testing::Test, protected Harness {
 protected:
  PoolConnect() { answer_opens(node, link); }

  void answer_opens(const Node& of, const std::shared_ptr<FakeHostLink>& on) {
    on->on_message = [this, id = of.id](const wire::ToHost& message) {
      if (!message.has_open_display()) return;
      opened = message.open_display();
      hosts.complete(id, opened.request_id(), OpenedDisplay{std::string(64, 'a')});
    };
  }
  std::string make(const std::string& name, const std::string& more = R"("kind":"floating","image":"debian","max":3)") {
    const Response made = call("POST", "/api/v1/pools", admin, R"({"name":")" + name + R"(",)" + more + "}");
    EXPECT_EQ(made.status, 201) << made.body;
    return body_of(made).value("id", "");
  }
  static std::string path_of(const std::string& pool) { return "/api/v1/pools/" + pool + "/connect"; }
  Response connect(const std::string& pool, const std::string& token, const std::string& repeated = "") {
    return call("POST", path_of(pool), token, R"({"client_kind":"tobari-client/0.1.0"})", repeated);
  }
  std::vector<Desktop> desktops() {
    return *store.get([](const Reader& r) { return r.desktops(); });
  }
  void runs(const Desktop& desktop) {
    report(desktop.host == node.id ? node : second, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  }
  nlohmann::json listed(const std::string& token, const std::string& query = "") {
    return body_of(call("GET", "/api/v1/desktops" + query, token)).at("pools");
  }
  static bool until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static bool is_there(const std::future<Response>& answer) { return answer.wait_for(0s) == std::future_status::ready; }
  AuditDraft last_record() {
    return store.get([](const Reader& r) { return r.audit_after(0, 1000); })->back().draft;
  }

  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const User bob_user = add_user("bob");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const std::string bob = sign_in("bob");
  const std::string key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  const Node node = add_host("host-1");
  const Node second = add_host("host-2");
  std::shared_ptr<FakeHostLink> link = attach(node);
  wire::OpenDisplay opened;
};

// ---- whose it is

TEST_F(PoolConnect, TheListHasThePoolsThatThePolicyLetsTheUserConnectTo) {
  const std::string office = make("office");
  make("lab", R"("kind":"dedicated","image":"debian","max":3,"labels":["lab"])");
  make("closed", R"("kind":"floating","image":"debian","max":3,"open":false)");
  make("by-hand", R"("kind":"manual")");
  std::vector<AccessQuestion> asked;
  adjust = [&asked](const AccessQuestion& question, AccessAnswer& answer) {
    asked.push_back(question);
    if (question.labels == std::vector<std::string>{"lab"}) answer.allowed = question.user == "bob";
  };
  const auto pools = listed(alice, "?client=tobari-client/0.1.0");
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].at("id"), office);
  EXPECT_EQ(pools[0].at("name"), "office");
  EXPECT_EQ(pools[0].at("kind"), "floating");
  EXPECT_FALSE(pools[0].contains("desktop_id"));
  EXPECT_EQ(listed(bob).size(), 2U);
  ASSERT_GE(asked.size(), 2U);
  EXPECT_EQ(asked[0].pool, "lab") << "by name";
  EXPECT_EQ(asked[0].client, "tobari-client/0.1.0");
  EXPECT_EQ(asked[1].sessions, 0U);
  EXPECT_FALSE(body_of(call("GET", "/api/v1/desktops?after=a", admin)).contains("pools")) << "on the first page only";
}

TEST_F(PoolConnect, WhoHasADesktopThereSeesItWithThePoolAlsoWhenItIsClosed) {
  const std::string office = make("office");
  ASSERT_EQ(code_of(connect(office, alice)), "desktop_starting");
  ASSERT_EQ(call("PATCH", "/api/v1/pools/" + office, admin, R"({"open":false})").status, 200);
  const auto pools = listed(alice);
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].at("desktop_id"), desktops().front().id.str());
  EXPECT_EQ(pools[0].at("state"), "starting");
  EXPECT_EQ(listed(bob).size(), 0U);
  EXPECT_EQ(code_of(connect(office, bob)), "pool_closed");
  runs(desktops().front());
  EXPECT_EQ(connect(office, alice).status, 200);
}

TEST_F(PoolConnect, WhoMayNotGetsNothingAndItIsOnRecord) {
  const std::string office = make("office");
  adjust = [](const AccessQuestion& question, AccessAnswer& answer) {
    answer.allowed = question.pool != "office";
    answer.reason = "not the office";
  };
  const Response denied = connect(office, alice);
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(code_of(denied), "policy_denied");
  EXPECT_THAT(denied.body, HasSubstr("not the office"));
  EXPECT_THAT(desktops(), IsEmpty());
  EXPECT_EQ(last_record().action, "session.open");
  EXPECT_EQ(last_record().object, office);
  EXPECT_EQ(last_record().outcome, Outcome::kDenied);
}

TEST_F(PoolConnect, ThePolicyIsAskedAboutThePoolAndThenAboutTheDesktop) {
  const std::string office = make("office", R"("kind":"floating","image":"debian","max":3,"labels":["east"])");
  ASSERT_EQ(code_of(connect(office, alice)), "desktop_starting");
  const Desktop desktop = desktops().front();
  runs(desktop);
  std::vector<AccessQuestion> asked;
  adjust = [&asked](const AccessQuestion& question, AccessAnswer&) { asked.push_back(question); };
  ASSERT_EQ(connect(office, alice).status, 200);
  ASSERT_EQ(asked.size(), 2U);
  for (const AccessQuestion& question : asked) {
    EXPECT_EQ(question.pool, "office");
    EXPECT_EQ(question.labels, std::vector<std::string>{"east"});
    EXPECT_EQ(question.client, "tobari-client/0.1.0");
    EXPECT_EQ(question.sessions, 0U);
  }
  EXPECT_EQ(asked[0].desktop_id, "");
  EXPECT_EQ(asked[1].desktop_id, desktop.id.str());
  ASSERT_EQ(connect(office, alice).status, 200);
  EXPECT_EQ(asked.back().sessions, 0U) << "the session with this desktop is taken over";
}

// ---- which desktop

TEST_F(PoolConnect, AFirstConnectMakesADesktopAndItsHostIsToldAtOnce) {
  const std::string office = make("office");
  const Response starting = connect(office, alice);
  EXPECT_EQ(starting.status, 503);
  EXPECT_THAT(starting.headers, Contains(Pair("Retry-After", "2")));
  const wire::DesiredState desired = link->sent().back().desired();
  ASSERT_EQ(desired.desktops_size(), 1);
  EXPECT_EQ(desired.desktops(0).power(), wire::DesiredDesktop::ON);
  const Desktop desktop = desktops().front();
  EXPECT_EQ(desired.desktops(0).desktop_id(), desktop.id.str());
  EXPECT_EQ(desktop.user_name, "alice");
  EXPECT_THAT(audited(), Contains("desktop.assign alice"));
  runs(desktop);
  const Response response = connect(office, alice);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(body_of(response).at("desktop_id"), desktop.id.str());
  EXPECT_EQ(opened.desktop_id(), desktop.id.str());
  EXPECT_EQ(opened.epoch(), desktop.epoch);
  EXPECT_EQ(desktops().size(), 1U);
}

TEST_F(PoolConnect, ASpareThatRunsIsGivenAtOnce) {
  const std::string office = make("office");
  Desktop spare;
  spare.id = DesktopId::random();
  spare.name = "office-spare";
  spare.host = node.id;
  spare.image = "debian";
  spare.power = Power::kOn;
  spare.pool = PoolId::parse(office).value();
  act([&spare](Writer& writer) { return writer.add_desktop(spare); });
  runs(spare);
  const Response response = connect(office, alice);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(body_of(response).at("desktop_id"), spare.id.str());
  EXPECT_EQ(opened.epoch(), spare.epoch + 1) << "what was said of the spare before means nothing now";
}

TEST_F(PoolConnect, TheSameRequestIsTheSameDesktopUntilThatIsGivenBack) {
  const std::string office = make("office");
  EXPECT_EQ(code_of(connect(office, alice, key)), "desktop_starting");
  EXPECT_EQ(code_of(connect(office, alice, key)), "desktop_starting");
  ASSERT_EQ(desktops().size(), 1U);
  const std::string id = desktops().front().id.str();
  ASSERT_EQ(call("POST", "/api/v1/desktops/" + id + "/logoff", alice).status, 202);
  const Response late = connect(office, alice, key);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(code_of(late), "given_back");
  EXPECT_EQ(code_of(connect(office, alice, "6ba7b810-9dad-41d1-80b4-00c04fd430c9")), "desktop_starting");
  EXPECT_EQ(desktops().size(), 2U) << "one that goes and one that comes";
  EXPECT_EQ(connect(office, alice, "no-uuid").status, 400);
}

TEST_F(PoolConnect, APoolOrHostsWithoutRoomSaySoAndWhenToComeBack) {
  const std::string office = make("office", R"("kind":"floating","image":"debian","max":1)");
  ASSERT_EQ(code_of(connect(office, bob)), "desktop_starting");
  const Response full = connect(office, alice);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(code_of(full), "no_desktop_free");
  EXPECT_THAT(full.body, HasSubstr("which is its maximum"));
  EXPECT_THAT(full.headers, Contains(Pair("Retry-After", "5")));
  const std::string other = make("other", R"("kind":"floating","image":"unknown","max":1)");
  const Response no_image = connect(other, alice);
  EXPECT_EQ(code_of(no_image), "no_desktop_free");
  EXPECT_THAT(no_image.body, HasSubstr("no connected host has the image unknown"));
  const std::string large = make("large", R"("kind":"floating","image":"debian","max":1,"memory_mib":262144)");
  EXPECT_THAT(connect(large, alice).body, HasSubstr("its memory is promised"));
  const Response by_hand = connect(make("lab", R"("kind":"manual")"), alice);
  EXPECT_EQ(by_hand.status, 404);
  EXPECT_EQ(code_of(by_hand), "no_desktop");
  EXPECT_EQ(desktops().size(), 1U);
}

TEST_F(PoolConnect, AManualPoolGivesTheDesktopThatWasPutIn) {
  const std::string lab = make("lab", R"("kind":"manual")");
  const Response made = call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian"})");
  const std::string id = body_of(made).at("id");
  ASSERT_EQ(call("PUT", "/api/v1/pools/" + lab + "/desktops/" + id, admin).status, 200);
  EXPECT_EQ(code_of(connect(lab, alice)), "desktop_starting") << "it was off";
  runs(desktops().front());
  EXPECT_EQ(body_of(connect(lab, alice)).at("desktop_id"), id);
  EXPECT_EQ(listed(alice).at(0).at("desktop_id"), id);
}

TEST_F(PoolConnect, AFloatingDesktopOfALostHostIsGivenAnewElsewhere) {
  const std::string office = make("office");
  ASSERT_EQ(code_of(connect(office, alice, key)), "desktop_starting");
  const Desktop before = desktops().front();
  ASSERT_EQ(before.host_name, "host-1");
  const auto elsewhere = attach(second);
  answer_opens(second, elsewhere);
  hosts.detach(node.id, link.get());
  const Response away = connect(office, alice, key);
  EXPECT_EQ(code_of(away), "host_away") << "somebody may still be running it there";
  const Host host = *store.get([this](const Reader& r) { return r.host(node.id); });
  ASSERT_TRUE(control::run(store, control::HostSilent{node.id, host.lease}, clock.wall()).has_value());
  EXPECT_EQ(code_of(connect(office, alice, key)), "desktop_starting") << "also for the request of before";
  const Desktop after =
      *store.get([&](const Reader& r) { return r.desktop_in_pool(alice_user.id, PoolId::parse(office).value()); });
  EXPECT_EQ(after.host_name, "host-2");
  EXPECT_NE(after.id, before.id);
  EXPECT_THAT(audited(), Contains("desktop.move alice"));
  runs(after);
  EXPECT_EQ(body_of(connect(office, alice)).at("desktop_id"), after.id.str());
}

TEST_F(PoolConnect, WhatIsGivenBackWhileItIsOpenedIsNotShown) {
  const std::string office = make("office");
  ASSERT_EQ(code_of(connect(office, alice)), "desktop_starting");
  const Desktop desktop = desktops().front();
  runs(desktop);
  adjust = [&](const AccessQuestion& question, AccessAnswer&) {
    if (question.desktop_id.empty()) return;
    act([&desktop](Writer& writer) { return writer.retire_desktop(desktop.id, desktop.epoch); });
  };
  const Response response = connect(office, alice);
  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_THAT(response.body, HasSubstr("has changed meanwhile"));
  EXPECT_TRUE(opened.session_id().empty());
  EXPECT_EQ(body_of(call("GET", "/api/v1/sessions", alice)).at("sessions").size(), 0U);
}

TEST_F(PoolConnect, WithoutADatabaseNobodyGetsADesktop) {
  const std::string office = make("office");
  store.set_away(true);
  const Response refused = connect(office, alice);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("the database cannot be reached"));
  store.set_away(false);
  EXPECT_THAT(desktops(), IsEmpty());
}

// ---- the wait

TEST_F(PoolConnect, WaitsUntilTheDesktopRuns) {
  api.patience = 60s;
  const std::string office = make("office");
  auto answer = begin("POST", path_of(office), alice);
  ASSERT_TRUE(until([this] { return news.waiting() == 1; }));
  const Desktop desktop = desktops().front();
  report(node, desktop.id.str(), wire::DESKTOP_STATE_STARTING);
  ASSERT_TRUE(until([this] { return news.waiting() == 1; }));
  EXPECT_FALSE(is_there(answer));
  report(node, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  const Response response = answer.get();
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(body_of(response).at("desktop_id"), desktop.id.str());
  EXPECT_EQ(news.waiting(), 0U);
}

TEST_F(PoolConnect, ManyWaitAtOnceAndTakeNoWorker) {
  api.patience = 60s;
  const std::string office = make("office", R"("kind":"floating","image":"debian","max":20,"memory_mib":128)");
  constexpr std::size_t kUsers = 12;  // three times as many as there are workers
  std::vector<std::future<Response>> answers;
  for (std::size_t i = 0; i < kUsers; ++i) {
    const std::string name = "user" + std::to_string(i);
    add_user(name);
    answers.push_back(begin("POST", path_of(office), sign_in(name)));
  }
  ASSERT_TRUE(until([this] { return news.waiting() == kUsers; }));
  EXPECT_EQ(call("GET", "/api/v1/me", alice).status, 200) << "others are answered meanwhile";
  std::vector<std::pair<std::string, wire::DesktopState>> all;
  for (const Desktop& desktop : desktops()) all.emplace_back(desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  report_all(node, all);
  std::set<std::string> given;
  for (auto& answer : answers) {
    const Response response = answer.get();
    ASSERT_EQ(response.status, 200) << response.body;
    given.insert(body_of(response).at("desktop_id").get<std::string>());
  }
  EXPECT_EQ(given.size(), kUsers) << "each has its own";
}

TEST_F(PoolConnect, WhoseTimeIsOverIsToldHowFarItIs) {
  api.patience = 30ms;
  const std::string office = make("office");
  ASSERT_EQ(code_of(connect(office, alice)), "desktop_starting");
  wire::ActualState actual;
  wire::ActualDesktop& seen = *actual.add_desktops();
  seen.set_desktop_id(desktops().front().id.str());
  seen.set_epoch(1);
  seen.set_state(wire::DESKTOP_STATE_STARTING);
  seen.set_detail("its guest is booting");
  ASSERT_TRUE(hosts.set_actual(node.id, lines[node.id], actual).has_value());
  const Response waiting = connect(office, alice);
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(code_of(waiting), "desktop_starting");
  EXPECT_THAT(waiting.body, HasSubstr("the desktop is starting on host-1: its guest is booting"));
}

TEST_F(PoolConnect, AHostThatComesBackInTimeIsWaitedFor) {
  const std::string office = make("office");
  ASSERT_EQ(code_of(connect(office, alice)), "desktop_starting");
  const Desktop desktop = desktops().front();
  hosts.detach(node.id, link.get());
  api.patience = 60s;
  auto answer = begin("POST", path_of(office), alice);
  ASSERT_TRUE(until([this] { return news.waiting() == 1; }));
  link = attach(node);
  answer_opens(node, link);
  report(node, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  EXPECT_EQ(body_of(answer.get()).at("desktop_id"), desktop.id.str());
}

TEST_F(PoolConnect, ADesktopThatCannotStartIsNotWaitedFor) {
  api.patience = 60s;
  const std::string office = make("office");
  auto answer = begin("POST", path_of(office), alice);
  ASSERT_TRUE(until([this] { return news.waiting() == 1; }));
  report(node, desktops().front().id.str(), wire::DESKTOP_STATE_FAILED);
  const Response failed = answer.get();
  EXPECT_EQ(code_of(failed), "desktop_failed");
  EXPECT_THAT(failed.body, HasSubstr("log off to get a fresh one"));
}

TEST_F(PoolConnect, ConnectToADesktopAndAWallWaitAsWell) {
  const auto make_desktop = [this](const char* name) {
    const Response made = call("POST", "/api/v1/desktops", admin,
                               std::string(R"({"user":"alice","image":"debian","name":")") + name + R"("})");
    return body_of(made).at("id").get<std::string>();
  };
  const std::string left = make_desktop("left");
  const std::string right = make_desktop("right");
  api.patience = 60s;
  auto one = begin("POST", "/api/v1/desktops/" + left + "/connect", alice);
  auto both = begin("POST", "/api/v1/wall", alice, nlohmann::json{{"desktops", {left, right}}}.dump());
  ASSERT_TRUE(until([this] { return news.waiting() == 2; }));
  report_all(node, {{left, wire::DESKTOP_STATE_RUNNING}, {right, wire::DESKTOP_STATE_STARTING}});
  EXPECT_EQ(one.get().status, 200);
  ASSERT_TRUE(until([this] { return news.waiting() == 1; }));
  EXPECT_FALSE(is_there(both));
  report_all(node, {{left, wire::DESKTOP_STATE_RUNNING}, {right, wire::DESKTOP_STATE_RUNNING}});
  EXPECT_EQ(both.get().status, 200);
}

}  // namespace
}  // namespace tobari::broker
