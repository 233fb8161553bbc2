// SPDX-License-Identifier: GPL-3.0-or-later
// POST /wall: several desktops of one user in one session.
#include <format>

#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = wire::DesktopState;

class WallTest : public ::testing::Test, protected Harness {
 protected:
  WallTest() {
    link->on_message = [this](const wire::ToHost& message) {
      if (!message.has_open_display()) return;
      opened = message.open_display();
      hosts.complete(node.id, opened.request_id(), answer);
    };
  }
  std::string desktop(const std::string& name, const std::string& user = "alice", const std::string& host = "host-1") {
    const Response made =
        call("POST", "/api/v1/desktops", admin,
             std::format(R"({{"user":"{}","image":"debian","name":"{}","host":"{}"}})", user, name, host));
    EXPECT_EQ(made.status, 201) << made.body;
    const std::string id = body_of(made).value("id", "");
    EXPECT_EQ(call("POST", "/api/v1/desktops/" + id + "/start", admin).status, 202);
    return id;
  }
  // Three of alice's, running.
  std::vector<std::string> three() {
    std::vector<std::string> ids;
    for (const char* name : {"left", "middle", "right"}) ids.push_back(desktop(name));
    report_states({State::DESKTOP_STATE_RUNNING, State::DESKTOP_STATE_RUNNING, State::DESKTOP_STATE_RUNNING}, ids);
    return ids;
  }
  void report_states(const std::vector<State>& states, const std::vector<std::string>& ids) {
    std::vector<std::pair<std::string, State>> all;
    for (std::size_t i = 0; i < ids.size(); ++i) all.emplace_back(ids[i], states[i]);
    report_all(node, all);
  }
  static std::string body(const std::vector<std::string>& ids) {
    return nlohmann::json{{"desktops", ids}, {"client_name", "pad"}}.dump();
  }
  Response open(const std::vector<std::string>& ids) { return call("POST", "/api/v1/wall", alice, body(ids)); }
  std::vector<AuditRecord> records(const std::string& action) {
    auto all = *store.get([](const Reader& r) { return r.audit_after(0, 1000); });
    std::erase_if(all, [&action](const AuditRecord& record) { return record.draft.action != action; });
    return all;
  }

  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const User bob_user = add_user("bob");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link = attach(node);
  Result<OpenedDisplay> answer = OpenedDisplay{std::string(64, 'a')};
  wire::OpenDisplay opened;
};

TEST_F(WallTest, OpensOneSessionWithAScreenForEachInOrder) {
  const auto ids = three();
  const Response response = open({ids[2], ids[0], ids[1]});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(opened.desktop_id(), ids[2]);
  ASSERT_EQ(opened.further_size(), 2);
  EXPECT_EQ(opened.further(0).desktop_id(), ids[0]);
  EXPECT_EQ(opened.further(1).desktop_id(), ids[1]);
  EXPECT_EQ(opened.further(1).epoch(), 1U);
  const auto reply = body_of(response);
  EXPECT_EQ(reply.at("session_id"), opened.session_id());
  EXPECT_EQ(reply.at("certificate_sha256"), std::string(64, 'a'));
  EXPECT_THAT(reply.at("rdp_file").get<std::string>(), HasSubstr("use multimon:i:1\r\n"));
  const auto sessions = body_of(call("GET", "/api/v1/sessions", alice)).at("sessions");
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].at("desktop_id"), ids[2]);
  EXPECT_THAT(sessions[0].at("desktop_ids"), ElementsAre(ids[2], ids[0], ids[1]));
}

TEST_F(WallTest, ThePolicyIsAskedWithTheClientAndTheSessionsThatStay) {
  std::vector<AccessQuestion> asked;
  adjust = [&asked](const AccessQuestion& question, AccessAnswer&) { asked.push_back(question); };
  const auto ids = three();
  const auto connect = [this](const std::string& id) {
    return call("POST", "/api/v1/desktops/" + id + "/connect", alice, R"({"client_kind":"tobari-client/0.1.0"})");
  };
  ASSERT_EQ(connect(ids[0]).status, 200);
  ASSERT_EQ(connect(ids[1]).status, 200);
  ASSERT_EQ(connect(ids[0]).status, 200);
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].client, "tobari-client/0.1.0");
  EXPECT_EQ(asked[0].sessions, 0U);
  EXPECT_EQ(asked[1].sessions, 1U);
  EXPECT_EQ(asked[2].sessions, 1U) << "the session with this desktop is taken over";
}

TEST_F(WallTest, EachDesktopIsInTheAudit) {
  const auto ids = three();
  ASSERT_EQ(open(ids).status, 200);
  const auto all = records("session.open");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].draft.detail, "desktop left of alice, screen 1 of 3");
  EXPECT_EQ(all[2].draft.detail, "desktop right of alice, screen 3 of 3");
  for (const AuditRecord& record : all) {
    EXPECT_EQ(record.draft.object, opened.session_id());
    EXPECT_EQ(record.draft.rule, "the-rule");
  }
}

TEST_F(WallTest, BodiesThatNameNoWallAreRefused) {
  const auto ids = three();
  std::vector<std::string> seventeen;
  for (int i = 0; i < 17; ++i) seventeen.push_back(DesktopId::random().str());
  const std::string wrong_number = "2 to 16";
  for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
           {body({}), wrong_number},
           {body({ids[0]}), wrong_number},
           {body(seventeen), wrong_number},
           {R"({"client_name":"pad"})", wrong_number},
           {R"({"desktops":"all"})", wrong_number},
           {body({ids[0], ids[1], ids[0]}), "twice"},
           {body({ids[0], "../etc"}), "must hold ids"},
           {R"({"desktops":[1,2]})", "must be a text"},
           {nlohmann::json{{"desktops", {ids[0], ids[1]}}, {"monitors", 2}}.dump(), "unknown member monitors"}}) {
    const Response response = call("POST", "/api/v1/wall", alice, text);
    EXPECT_EQ(response.status, 400) << text;
    EXPECT_THAT(response.body, HasSubstr(says));
  }
  EXPECT_TRUE(opened.session_id().empty());
}

TEST_F(WallTest, WhatIsSomebodyElsesIsNotThere) {
  const auto ids = three();
  const std::string bobs = desktop("bobs", "bob");
  const Response other = open({ids[0], bobs});
  const Response unknown = open({ids[0], DesktopId::random().str()});
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(other.body, unknown.body);
  EXPECT_EQ(call("POST", "/api/v1/wall", admin, body({ids[0], ids[1]})).status, 403) << "nor an administrator's";
  EXPECT_TRUE(opened.session_id().empty());
}

TEST_F(WallTest, DesktopsOfTwoHostsCannotBeOneSession) {
  const auto ids = three();
  const auto second = attach(add_host("host-2"));
  const std::string elsewhere = desktop("elsewhere", "alice", "host-2");
  const Response response = open({ids[0], elsewhere});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(code_of(response), "several_hosts");
  EXPECT_THAT(response.body, HasSubstr("left is on host host-1, elsewhere on host host-2"));
  EXPECT_THAT(response.body, HasSubstr("ask an administrator"));
}

TEST_F(WallTest, StartsAllThatAreOffBeforeItAsksToWait) {
  const auto ids = three();
  for (const std::size_t i : {0U, 2U})
    EXPECT_EQ(call("POST", "/api/v1/desktops/" + ids[i] + "/stop", alice).status, 202);
  report_states({State::DESKTOP_STATE_STOPPED, State::DESKTOP_STATE_RUNNING, State::DESKTOP_STATE_STOPPED}, ids);
  const Response response = open(ids);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(code_of(response), "desktop_starting");
  EXPECT_THAT(response.headers, Contains(::testing::Pair("Retry-After", "2")));
  const wire::DesiredState desired = link->sent().back().desired();
  EXPECT_EQ(desired.desktops_size(), 3);
  for (const auto& each : desired.desktops()) EXPECT_EQ(each.power(), wire::DesiredDesktop::ON);
  report_states({State::DESKTOP_STATE_STARTING, State::DESKTOP_STATE_RUNNING, State::DESKTOP_STATE_FAILED}, ids);
  const Response failed = open(ids);
  EXPECT_EQ(code_of(failed), "desktop_failed") << "waiting would not help";
  EXPECT_THAT(failed.body, HasSubstr("right: "));
  EXPECT_TRUE(records("session.open").empty());
}

TEST_F(WallTest, ThePolicyMustAllowEveryDesktop) {
  const auto ids = three();
  adjust = [&ids](const AccessQuestion& question, AccessAnswer& decided) {
    if (question.desktop_id != ids[1]) return;
    decided.allowed = false;
    decided.reason = "not this one";
  };
  const Response response = open(ids);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(code_of(response), "policy_denied");
  EXPECT_THAT(response.body, HasSubstr("not this one"));
  const auto denials = records("session.open");
  ASSERT_EQ(denials.size(), 1U);
  EXPECT_EQ(denials[0].draft.object, ids[1]);
  EXPECT_EQ(denials[0].draft.outcome, Outcome::kDenied);
  EXPECT_TRUE(opened.session_id().empty());
}

TEST_F(WallTest, WhatIsGrantedIsWhatAllOfThemAllow) {
  const auto ids = three();
  adjust = [&ids](const AccessQuestion& question, AccessAnswer& decided) {
    if (question.desktop_id != ids[1]) decided.grant.channels.push_back({"audio.play", "loud"});
    if (question.desktop_id == ids[2]) decided.grant.idle_timeout = std::chrono::seconds(60);
  };
  ASSERT_EQ(open(ids).status, 200);
  ASSERT_EQ(opened.grant().channels_size(), 1);
  EXPECT_EQ(opened.grant().channels(0).channel(), "connect");
  EXPECT_EQ(opened.grant().idle_timeout_seconds(), 60U);
}

TEST_F(WallTest, AWallOfMoreMonitorsThanThePolicyAllowsIsRefused) {
  const auto ids = three();
  adjust = [](const AccessQuestion&, AccessAnswer& decided) { decided.grant.max_monitors = 2; };
  const Response response = open(ids);
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("it allows 2 monitors, and this is a wall of 3"));
  ASSERT_EQ(records("session.open").size(), 1U);
  EXPECT_EQ(records("session.open").front().draft.outcome, Outcome::kDenied);
  EXPECT_EQ(open({ids[0], ids[1]}).status, 200);
}

TEST_F(WallTest, AFullDiskLeavesNothingOfIt) {
  const auto ids = three();
  store.set_full(true);
  EXPECT_EQ(code_of(open(ids)), "storage_unavailable");
  EXPECT_TRUE(opened.session_id().empty());
  store.set_full(false);
  EXPECT_TRUE(records("session.open").empty());
  EXPECT_EQ(open(ids).status, 200);
}

TEST_F(WallTest, AHostThatCannotSaysWhyAndTheSessionHasEnded) {
  const auto ids = three();
  answer = fail(Errc::kInternal, "no display process");
  const Response response = open(ids);
  EXPECT_EQ(code_of(response), "display_failed");
  EXPECT_EQ(records("session.failed").size(), 1U);
  EXPECT_EQ(body_of(call("GET", "/api/v1/sessions", alice)).at("sessions")[0].at("state"), "ended");
}

}  // namespace
}  // namespace tobari::broker
