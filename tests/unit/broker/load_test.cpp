// SPDX-License-Identifier: GPL-3.0-or-later
// GET /load, and the metrics that the broker records on the way.
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"
#include "rpc/load_wire.h"

namespace tobari::broker {
namespace {

using testing::HasSubstr;
using testing::Not;

class LoadTest : public testing::Test, public Harness {
 protected:
  void SetUp() override {
    root = add_user("root", Role::kAdmin);
    alice = add_user("alice");
    host = add_host("h1");
    away = add_host("h2");
    link = attach(host);
    desktop = {.id = DesktopId::random(),
               .name = "d-alice",
               .user = alice.id,
               .user_name = "alice",
               .host = host.id,
               .host_name = "h1",
               .image = "debian",
               .vcpus = 2,
               .memory_mib = 2048,
               .power = Power::kOn};
    act([this](Writer& writer) { return writer.add_desktop(desktop); });
    report(host, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  }
  Session add_session(SessionState state) {
    Session session = new_session(host, alice.id, state);
    session.desktop = desktop.id;
    act([&session](Writer& writer) { return writer.add_session(session); });
    return session;
  }
  void say_load(double frames) {
    wire::HostLoad said;
    said.set_cpu_permille(425);
    said.set_memory_available_mib(4096);
    wire::DisplayLoad& display = *said.add_displays();
    display.set_desktop_id(desktop.id.str());
    display.set_frames_per_second(frames);
    display.set_bytes_per_second(1000);
    display.set_pixels_per_second(2e6);
    display.set_input_p50_us(31'000);
    display.set_input_p99_us(64'500);
    hosts.set_load(host.id, from_wire(said).value());
  }

  User root, alice;
  Node host, away;
  std::shared_ptr<FakeHostLink> link;
  Desktop desktop;
};

TEST_F(LoadTest, ShowsWhatRunsAndHowMuchItDoes) {
  const Session session = add_session(SessionState::kConnected);
  add_session(SessionState::kOffered);
  add_session(SessionState::kEnded);
  say_load(30);
  const Response answer = call("GET", "/api/v1/load", sign_in("root"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto load = body_of(answer);
  EXPECT_EQ(load["desktops"]["running"], 1);
  ASSERT_EQ(load["hosts"].size(), 2U);
  EXPECT_EQ(load["hosts"][0]["name"], "h1");
  EXPECT_EQ(load["hosts"][0]["state"], "connected");
  EXPECT_DOUBLE_EQ(load["hosts"][0]["cpu"].get<double>(), 0.425);
  EXPECT_EQ(load["hosts"][0]["clients"], 1);
  EXPECT_EQ(load["hosts"][0]["frames_per_second"], 30.0);
  EXPECT_EQ(load["hosts"][1]["state"], "away");
  EXPECT_FALSE(load["hosts"][1].contains("cpu"));
  ASSERT_EQ(load["sessions"].size(), 2U) << "those that are live";
  for (const auto& each : load["sessions"]) {
    EXPECT_EQ(each["desktop"], "d-alice");
    EXPECT_EQ(each["host"], "h1");
    EXPECT_EQ(each.contains("input_p50_ms"), each["id"] == session.id.str());
  }
}

TEST_F(LoadTest, IsForAdministrators) {
  EXPECT_EQ(call("GET", "/api/v1/load", sign_in("alice")).status, 403);
  EXPECT_EQ(call("GET", "/api/v1/load").status, 401);
}

TEST_F(LoadTest, AHostThatComesBackHasSaidNothing) {
  say_load(30);
  link = attach(host);
  EXPECT_FALSE(hosts.load(host.id).has_value());
}

TEST_F(LoadTest, BelievesNoAbsurdNumbers) {
  wire::HostLoad said;
  said.set_cpu_permille(4'000'000);
  said.set_memory_shared_mib(std::numeric_limits<std::uint64_t>::max());
  wire::DisplayLoad& display = *said.add_displays();
  display.set_desktop_id("no id\x1b");
  display.set_frames_per_second(std::numeric_limits<double>::quiet_NaN());
  display.set_bytes_per_second(std::numeric_limits<double>::infinity());
  display.set_pixels_per_second(-5);
  display.set_input_p99_us(4'000'000'000U);
  const HostLoad load = from_wire(said).value();
  EXPECT_EQ(load.cpu, 1);
  EXPECT_EQ(load.memory_shared_mib, std::uint64_t{1} << 30U);
  EXPECT_EQ(load.displays[0].desktop, "");
  EXPECT_EQ(load.displays[0].frames_per_second, 0);
  EXPECT_EQ(load.displays[0].bytes_per_second, 0);
  EXPECT_EQ(load.displays[0].pixels_per_second, 0);
  EXPECT_EQ(load.displays[0].input_p99_us, 60'000'000U);
  for (int i = 0; i < kMaxDisplaysPerLoad; ++i) static_cast<void>(said.add_displays());
  EXPECT_EQ(from_wire(said).error().code, Errc::kPeerProtocol);
}

TEST_F(LoadTest, RequestsAreCountedByRouteAndStatus) {
  static_cast<void>(call("GET", "/api/v1/desktops/" + desktop.id.str(), sign_in("alice")));
  static_cast<void>(call("GET", "/api/v1/desktops/" + DesktopId::random().str(), sign_in("alice")));
  static_cast<void>(call("POST", "/api/v1/login", "", R"({"user":"alice","password":"correct password"})"));
  const std::string text = metrics.registry().text();
  EXPECT_THAT(
      text,
      HasSubstr("tobari_broker_requests_total{method=\"GET\",route=\"/api/v1/desktops/{id}\",status=\"200\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("tobari_broker_requests_total{method=\"GET\",route=\"/api/v1/desktops/{id}\",status=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tobari_login_phase_seconds_count{phase=\"password\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("alice")));
  EXPECT_THAT(text, Not(HasSubstr(desktop.id.str())));
}

TEST_F(LoadTest, TheTimeToStartIsTheHostsWord) {
  std::vector<std::chrono::steady_clock::duration> times;
  hosts.on_started([&times](auto took) { times.push_back(took); });
  report(host, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  EXPECT_EQ(times.size(), 0U) << "it ran before";
  report(host, desktop.id.str(), wire::DESKTOP_STATE_STARTING);
  report(host, desktop.id.str(), wire::DESKTOP_STATE_STARTING);
  report(host, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  report(host, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  EXPECT_EQ(times.size(), 1U);
  report(host, desktop.id.str(), wire::DESKTOP_STATE_STARTING);
  report(host, desktop.id.str(), wire::DESKTOP_STATE_FAILED);
  report(host, desktop.id.str(), wire::DESKTOP_STATE_RUNNING);
  EXPECT_EQ(times.size(), 1U) << "it had failed";
}

TEST_F(LoadTest, CountsDesktopsByState) {
  report_all(host, {{DesktopId::random().str(), wire::DESKTOP_STATE_FAILED},
                    {DesktopId::random().str(), wire::DESKTOP_STATE_STARTING},
                    {DesktopId::random().str(), wire::DESKTOP_STATE_STOPPED},
                    {DesktopId::random().str(), wire::DESKTOP_STATE_STOPPED}});
  const DesktopCensus census = hosts.census();
  EXPECT_EQ(census.failed, 1U);
  EXPECT_EQ(census.starting, 1U);
  EXPECT_EQ(census.stopped, 2U);
  EXPECT_EQ(census.running, 0U);
}

}  // namespace
}  // namespace tobari::broker
