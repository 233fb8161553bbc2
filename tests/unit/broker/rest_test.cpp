// SPDX-License-Identifier: GPL-3.0-or-later
// The REST interface, resource by resource.
#include <gmock/gmock.h>

#include "core/session_access.h"
#include "core/sha256.h"
#include "harness.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Rest : public ::testing::Test, protected Harness {
 protected:
  // A desktop of alice on an attached host, running.
  std::string running_desktop() {
    link = attach(node);
    const Response made = call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian"})");
    const std::string id = body_of(made).value("id", "");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(call("POST", "/api/v1/desktops/" + id + "/start", alice).status, 202);
    report(node, id, wire::DESKTOP_STATE_RUNNING);
    return id;
  }
  // The host answers every OpenDisplay.
  void answer_opens(Result<OpenedDisplay> with) {
    link->on_message = [this, with](const wire::ToHost& message) {
      if (!message.has_open_display()) return;
      opened = message.open_display();
      hosts.complete(node.id, message.open_display().request_id(), with);
    };
  }
  static std::string connect_path(const std::string& id) { return "/api/v1/desktops/" + id + "/connect"; }

  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const User bob_user = add_user("bob");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const std::string bob = sign_in("bob");
  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link;
  wire::OpenDisplay opened;
};

TEST_F(Rest, ADesktopShowsWhatItSharesWithNoOther) {
  const std::string id = running_desktop();
  const auto shown = [this, &id] { return body_of(call("GET", "/api/v1/desktops/" + id, alice)); };
  EXPECT_FALSE(shown().contains("memory_private_mib")) << "its host has not said";
  wire::ActualState actual;
  actual.set_revision(store.get([this](const Reader& r) { return r.host(node.id); })->revision);
  wire::ActualDesktop& seen = *actual.add_desktops();
  seen.set_desktop_id(id);
  seen.set_epoch(1);
  seen.set_state(wire::DESKTOP_STATE_RUNNING);
  seen.set_private_memory_mib(91);
  ASSERT_TRUE(hosts.set_actual(node.id, link.get(), actual).has_value());
  EXPECT_EQ(shown().at("memory_private_mib"), 91);
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", admin)).at("desktops").at(0).at("memory_private_mib"), 91);
  seen.set_private_memory_mib(4'000'000'000U);
  ASSERT_TRUE(hosts.set_actual(node.id, link.get(), actual).has_value());
  EXPECT_EQ(shown().at("memory_private_mib"), kMaxPrivateMib) << "no absurd numbers";
  hosts.detach(node.id, link.get());
  EXPECT_FALSE(shown().contains("memory_private_mib")) << "nobody knows now";
}

TEST_F(Rest, SignsInAndOut) {
  const Response in = call("POST", "/api/v1/login", "", R"({"user":"alice","password":"correct password"})");
  ASSERT_EQ(in.status, 200) << in.body;
  const std::string token = body_of(in).at("token");
  EXPECT_EQ(body_of(call("GET", "/api/v1/me", token)).at("name"), "alice");
  EXPECT_EQ(call("POST", "/api/v1/logout", token).status, 204);
  EXPECT_EQ(call("GET", "/api/v1/me", token).status, 401);
}

TEST_F(Rest, AnUnknownUserAndAWrongPasswordLookTheSame) {
  const Response wrong = call("POST", "/api/v1/login", "", R"({"user":"alice","password":"wrong password"})");
  const Response unknown = call("POST", "/api/v1/login", "", R"({"user":"mallory","password":"wrong password"})");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, unknown.body);
  EXPECT_THAT(audited(), Contains("login broker"));
}

TEST_F(Rest, GuessingIsSlowedDownWithAnHonestRetryAfter) {
  Response last;
  for (int i = 0; i < LoginThrottle::kUserAttempts + 1; ++i) {
    last = call("POST", "/api/v1/login", "", R"({"user":"alice","password":"wrong password"})");
  }
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(code_of(last), "too_many_attempts");
  EXPECT_THAT(last.headers, Contains(::testing::Pair("Retry-After", "6")));
  clock.advance(std::chrono::seconds(6));
  EXPECT_EQ(call("POST", "/api/v1/login", "", R"({"user":"alice","password":"correct password"})").status, 200);
}

TEST_F(Rest, TokensEndAfterTwelveHours) {
  clock.advance(std::chrono::hours(12) - std::chrono::seconds(1));
  EXPECT_EQ(call("GET", "/api/v1/me", alice).status, 200);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(call("GET", "/api/v1/me", alice).status, 401);
}

TEST_F(Rest, UsersMayNotDoWhatAdministratorsDo) {
  for (const auto& route : router.routes()) {
    if (route.access != Access::kAdmin) continue;
    std::string path = route.pattern;
    if (const auto at = path.find('{'); at != std::string::npos) path.replace(at, path.find('}') - at + 1, "x");
    EXPECT_EQ(call(route.method, path, alice).status, 403) << route.method << path;
    EXPECT_EQ(call(route.method, path, "").status, 401) << route.method << path;
  }
  EXPECT_THAT(audited(), Contains("access alice"));
}

TEST_F(Rest, UsersAreMadeOnceAndRemoved) {
  const std::string body = R"({"name":"carol","password":"long enough"})";
  EXPECT_EQ(call("POST", "/api/v1/users", admin, body).status, 201);
  EXPECT_EQ(call("POST", "/api/v1/users", admin, body).status, 409);
  EXPECT_EQ(body_of(call("GET", "/api/v1/users", admin)).at("users").size(), 4U);
  EXPECT_EQ(call("DELETE", "/api/v1/users/carol", admin).status, 204);
  EXPECT_EQ(call("DELETE", "/api/v1/users/carol", admin).status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/users/root", admin).status, 409);  // not oneself
}

TEST_F(Rest, APasswordIsSetByItsOwnerAndOtherTokensEnd) {
  const std::string second = sign_in("alice");
  const std::string body = R"({"password":"a new password"})";
  EXPECT_EQ(call("PUT", "/api/v1/users/bob/password", alice, body).status, 403);
  EXPECT_EQ(call("PUT", "/api/v1/users/alice/password", alice, body).status, 204);
  EXPECT_EQ(call("GET", "/api/v1/me", alice).status, 200);
  EXPECT_EQ(call("GET", "/api/v1/me", second).status, 401);
  EXPECT_EQ(call("POST", "/api/v1/login", "", R"({"user":"alice","password":"correct password"})").status, 401);
}

TEST_F(Rest, AnIdempotencyKeyGivesTheFirstAnswerAgain) {
  const std::string key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  const std::string body = R"({"name":"carol","password":"long enough"})";
  const Response first = call("POST", "/api/v1/users", admin, body, key);
  const Response again = call("POST", "/api/v1/users", admin, body, key);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(call("POST", "/api/v1/users", admin, R"({"name":"dave","password":"long enough"})", key).status, 409);
  EXPECT_EQ(call("POST", "/api/v1/users", admin, body, "not-a-uuid").status, 400);
}

TEST_F(Rest, ADesktopIsMadeOnAHostThatHasTheImage) {
  const std::string body = R"({"user":"alice","image":"debian"})";
  EXPECT_EQ(call("POST", "/api/v1/desktops", admin, body).status, 404);  // nobody attached
  link = attach(node);
  const Response made = call("POST", "/api/v1/desktops", admin, body);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(body_of(made).at("host"), "host-1");
  ASSERT_EQ(link->sent().size(), 2U);  // at the hello, and now
  EXPECT_EQ(link->sent().back().desired().desktops(0).power(), wire::DesiredDesktop::OFF);
  EXPECT_EQ(call("POST", "/api/v1/desktops", admin, body).status, 409);
  EXPECT_EQ(call("DELETE", "/api/v1/users/alice", admin).status, 409);
  EXPECT_EQ(call("DELETE", "/api/v1/hosts/" + node.id.str(), admin).status, 409);
}

TEST_F(Rest, OnesDesktopIsNobodyElsesBusiness) {
  const std::string id = running_desktop();
  EXPECT_EQ(call("GET", "/api/v1/desktops/" + id, alice).status, 200);
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", bob)).at("desktops").size(), 0U);
  const Response hidden = call("GET", "/api/v1/desktops/" + id, bob);
  const Response unknown = call("GET", "/api/v1/desktops/" + DesktopId::random().str(), bob);
  EXPECT_EQ(hidden.status, 404);
  EXPECT_EQ(hidden.body, unknown.body);
  for (const char* act : {"/connect", "/start", "/stop"}) {
    EXPECT_EQ(call("POST", "/api/v1/desktops/" + id + act, bob).status, 404) << act;
  }
  EXPECT_EQ(call("POST", connect_path(id), admin).status, 403);  // administrators do not look over shoulders
}

TEST_F(Rest, ConnectGivesWhatTheClientNeedsAndTheHostOnlyHashes) {
  const std::string id = running_desktop();
  answer_opens(OpenedDisplay{std::string(64, 'a')});
  const Response response = call("POST", connect_path(id), alice, R"({"client_name":"pad"})");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto reply = body_of(response);
  EXPECT_EQ(reply.at("address"), "gateway.example");
  EXPECT_EQ(reply.at("port"), 3389);
  EXPECT_EQ(reply.at("user"), "alice");
  EXPECT_EQ(reply.at("certificate_sha256"), std::string(64, 'a'));
  const std::string ticket = reply.at("ticket");
  const std::string route = reply.at("routing_token");
  EXPECT_THAT(reply.at("rdp_file").get<std::string>(), HasSubstr("msts=" + route));
  EXPECT_EQ(to_hex(std::as_bytes(std::span(opened.ticket_sha256()))), sha256_hex(ticket));
  EXPECT_EQ(to_hex(std::as_bytes(std::span(opened.routing_token_sha256()))), sha256_hex(route));
  EXPECT_EQ(opened.valid_seconds(), 60U);
  EXPECT_EQ(opened.grant().user(), "alice");
  EXPECT_THAT(opened.SerializeAsString(), Not(HasSubstr(ticket)));
  EXPECT_THAT(audited(), Contains("session.open alice"));
  const auto sessions = body_of(call("GET", "/api/v1/sessions", alice)).at("sessions");
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].at("state"), "offered");
  EXPECT_EQ(body_of(call("GET", "/api/v1/sessions", bob)).at("sessions").size(), 0U);
  clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(body_of(call("GET", "/api/v1/sessions", alice)).at("sessions")[0].at("state"), "ended");
}

TEST_F(Rest, TheDeviceIsAskedAboutKeptAndOnRecord) {
  const std::string id = running_desktop();
  answer_opens(OpenedDisplay{std::string(64, 'a')});
  adjust = [](const AccessQuestion& question, AccessAnswer& answer) {
    answer.allowed = question.device && question.device->issuer == "house";
  };
  const auto last_detail = [this] {
    return store.get([](const Reader& r) { return r.audit_after(0, 1000); })->back().draft.detail;
  };
  EXPECT_EQ(code_of(call("POST", connect_path(id), alice)), "policy_denied") << "devices are not asked";
  device.emplace();
  EXPECT_EQ(code_of(call("POST", connect_path(id), alice)), "policy_denied") << "it showed none";
  EXPECT_THAT(last_detail(), Not(HasSubstr("device")));
  device = {.sha256 = policy::Sha256Bytes{0x12}, .issuer = "strangers"};
  EXPECT_EQ(code_of(call("POST", connect_path(id), alice)), "policy_denied");
  EXPECT_THAT(last_detail(), HasSubstr(", device 1200000000000000 of strangers"));
  EXPECT_EQ(code_of(call("GET", "/api/v1/desktops/" + id + "/thumbnail", alice)), "policy_denied");
  device->issuer = "house";
  const Response opened_for_it = call("POST", connect_path(id), alice);
  ASSERT_EQ(opened_for_it.status, 200) << opened_for_it.body;
  EXPECT_THAT(last_detail(), HasSubstr(", device 1200000000000000 of house"));
  const auto kept = store.get([](const Reader& r) { return r.live_sessions(); });
  EXPECT_EQ(parse_access(kept->front().access)->device, device);
  EXPECT_NE(code_of(call("GET", "/api/v1/desktops/" + id + "/thumbnail", alice)), "policy_denied");
}

TEST_F(Rest, ConnectStartsADesktopThatIsOff) {
  const std::string id = running_desktop();
  EXPECT_EQ(call("POST", "/api/v1/desktops/" + id + "/stop", alice).status, 202);
  report(node, id, wire::DESKTOP_STATE_STOPPED);
  const Response response = call("POST", connect_path(id), alice);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(code_of(response), "desktop_starting");
  EXPECT_THAT(response.headers, Contains(::testing::Pair("Retry-After", "2")));
  EXPECT_EQ(link->sent().back().desired().desktops(0).power(), wire::DesiredDesktop::ON);
  report(node, id, wire::DESKTOP_STATE_STARTING);
  EXPECT_EQ(code_of(call("POST", connect_path(id), alice)), "desktop_starting");
}

TEST_F(Rest, ConnectSaysWhatIsWrongWithTheDesktop) {
  const std::string id = running_desktop();
  report(node, id, wire::DESKTOP_STATE_FAILED);
  EXPECT_EQ(code_of(call("POST", connect_path(id), alice)), "desktop_failed");
  report(node, id, wire::DESKTOP_STATE_RUNNING);
  answer_opens(fail(Errc::kInternal, "no display process"));
  const Response failed = call("POST", connect_path(id), alice);
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(code_of(failed), "display_failed");
  EXPECT_THAT(audited(), Contains("session.failed broker"));
  hosts.detach(node.id, link.get());
  const Response away = call("POST", connect_path(id), alice);
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(code_of(away), "host_away");
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", alice)).at("desktops")[0].at("state"), "unreachable");
}

TEST_F(Rest, ThePolicyHasTheLastWordAndIsQuoted) {
  const std::string id = running_desktop();
  policy_allows = false;
  const Response denied = call("POST", connect_path(id), alice);
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(code_of(denied), "policy_denied");
  EXPECT_THAT(denied.body, HasSubstr("nobody works at night"));
  EXPECT_EQ(body_of(call("GET", "/api/v1/sessions", alice)).at("sessions").size(), 0U);
}

TEST_F(Rest, AFullDiskRefusesActsLeavesNothingAndRecovers) {
  const std::string id = running_desktop();
  answer_opens(OpenedDisplay{std::string(64, 'a')});
  store.set_full(true);
  const Response refused = call("POST", connect_path(id), alice);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(code_of(refused), "storage_unavailable");
  EXPECT_THAT(refused.body, HasSubstr("disk is full"));
  EXPECT_TRUE(opened.session_id().empty());
  EXPECT_EQ(call("GET", "/api/v1/desktops", alice).status, 200);  // reading goes on
  store.set_full(false);
  EXPECT_EQ(call("POST", connect_path(id), alice).status, 200);
}

TEST_F(Rest, WithoutADatabaseEverybodyIsToldToTryAgainAndNothingHappens) {
  const std::string id = running_desktop();
  answer_opens(OpenedDisplay{std::string(64, 'a')});
  store.set_away(true);
  for (const auto& [method, path] : {std::pair<std::string, std::string>("POST", connect_path(id)),
                                     std::pair<std::string, std::string>("GET", "/api/v1/desktops")}) {
    const Response refused = call(method, path, alice);
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr("the database cannot be reached, nothing was changed"));
    EXPECT_THAT(refused.headers, ::testing::Contains(std::pair<std::string, std::string>("Retry-After", "3")));
  }
  EXPECT_TRUE(opened.session_id().empty());
  store.set_away(false);
  EXPECT_EQ(call("POST", connect_path(id), alice).status, 200) << "the token is still good";
}

TEST_F(Rest, ManyDesktopsComeInPages) {
  link = attach(node);
  constexpr std::size_t kMore = 5;
  act([this](Writer& writer) -> Result<void> {
    for (std::size_t i = 0; i < kMaxDesktopList + kMore; ++i) {
      Desktop desktop;
      desktop.id = DesktopId::random();
      desktop.name = "pc-" + std::to_string(10'000 + i);
      desktop.user = alice_user.id;
      desktop.host = node.id;
      desktop.image = "debian";
      TOBARI_TRY(writer.add_desktop(desktop));
    }
    return {};
  });
  const auto first = body_of(call("GET", "/api/v1/desktops", admin));
  EXPECT_EQ(first.at("desktops").size(), kMaxDesktopList);
  EXPECT_EQ(first.at("next"), first.at("desktops").back().at("name"));
  const auto second = body_of(call("GET", "/api/v1/desktops?after=" + first.at("next").get<std::string>(), admin));
  ASSERT_EQ(second.at("desktops").size(), kMore);
  EXPECT_EQ(second.at("desktops").front().at("name"), "pc-11000");
  EXPECT_FALSE(second.contains("next"));
  EXPECT_EQ(call("GET", "/api/v1/desktops?after=no%20name", admin).status, 400);
  EXPECT_EQ(body_of(call("GET", "/api/v1/desktops", alice)).at("desktops").size(), kMaxDesktopList + kMore);
}

TEST_F(Rest, ADeletedDesktopIsGoneWhenItsHostSaysSo) {
  const std::string id = running_desktop();
  EXPECT_EQ(call("DELETE", "/api/v1/desktops/" + id, admin).status, 202);
  EXPECT_EQ(link->sent().back().desired().desktops(0).power(), wire::DesiredDesktop::DELETED);
  EXPECT_EQ(call("POST", "/api/v1/desktops/" + id + "/start", alice).status, 409);
  EXPECT_EQ(call("POST", connect_path(id), alice).status, 404);
  report(node, id, wire::DESKTOP_STATE_STOPPED);  // still there
  EXPECT_EQ(call("GET", "/api/v1/desktops/" + id, alice).status, 200);
  report(node, "", wire::DESKTOP_STATE_UNSPECIFIED);
  EXPECT_EQ(call("GET", "/api/v1/desktops/" + id, alice).status, 404);
  EXPECT_EQ(link->sent().back().desired().desktops_size(), 0);
  EXPECT_THAT(audited(), Contains("desktop.removed host/host-1"));
}

TEST_F(Rest, AHostThatKnowsAHigherEpochIsPassed) {
  const std::string id = running_desktop();
  report(node, id, wire::DESKTOP_STATE_RUNNING, 41);
  EXPECT_EQ(link->sent().back().desired().desktops(0).epoch(), 42U);
}

TEST_F(Rest, AHostThatAttachesAgainEndsItsOlderLine) {
  const auto first = attach(node);
  const auto second = attach(node);
  EXPECT_THAT(first->closed(), HasSubstr("attached again"));
  hosts.detach(node.id, first.get());  // late news of the older line
  EXPECT_TRUE(hosts.info(node.id).has_value());
  hosts.detach(node.id, second.get());
  EXPECT_FALSE(hosts.info(node.id).has_value());
}

TEST_F(Rest, EndingASessionTellsTheHost) {
  const std::string id = running_desktop();
  answer_opens(OpenedDisplay{std::string(64, 'a')});
  const std::string session = body_of(call("POST", connect_path(id), alice)).at("session_id");
  EXPECT_EQ(call("DELETE", "/api/v1/sessions/" + session, bob).status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/sessions/" + session, admin).status, 202);
  EXPECT_EQ(link->sent().back().close_session().session_id(), session);
  EXPECT_EQ(body_of(call("GET", "/api/v1/sessions", alice)).at("sessions")[0].at("state"), "ended");
}

TEST_F(Rest, RemovingAHostEndsItsLine) {
  link = attach(node);
  EXPECT_EQ(call("DELETE", "/api/v1/hosts/" + node.id.str(), admin).status, 204);
  EXPECT_THAT(link->closed(), HasSubstr("removed"));
  EXPECT_EQ(call("DELETE", "/api/v1/hosts/" + node.id.str(), admin).status, 404);
}

TEST_F(Rest, BodiesMustBeJsonAndSayTheyAre) {
  EXPECT_EQ(call("POST", "/api/v1/login", "", "user=alice").status, 400);
  Request request;
  request.method = "POST";
  request.path = "/api/v1/login";
  request.body = R"({"user":"alice","password":"correct password"})";
  request.content_type = "text/plain";  // what a form of another site can send
  std::promise<Response> promise;
  router.handle(request, [&promise](Response response) { promise.set_value(std::move(response)); });
  EXPECT_EQ(promise.get_future().get().status, 400);
}

TEST_F(Rest, TheAuditIsReadInPages) {
  EXPECT_EQ(call("GET", "/api/v1/audit?after=x", admin).status, 400);
  const auto records = body_of(call("GET", "/api/v1/audit?after=2", admin)).at("records");
  EXPECT_EQ(records[0].at("sequence"), 3);
}

}  // namespace
}  // namespace tobari::broker
