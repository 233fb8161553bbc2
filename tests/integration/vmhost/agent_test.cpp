// SPDX-License-Identifier: GPL-3.0-or-later
// HostAgent, Front and BrokerLink with a FakeHypervisor and a guest agent played by the test: what the program test
// cannot reach, and quickly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <tobari/net/tcp_socket.h>

#include "agent_fixture.h"
#include "front_client.h"
#include "guest_port.h"
#include "processes.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AgentTest : public AgentFixture {
 protected:
  AgentTest() : AgentFixture("org.tobari.agent.0") {
    port_ = std::make_unique<GuestPort>(image_.dir() / ("agents/" + id_ + ".sock"));
  }

  void desire(wire::DesiredDesktop::Power power, std::uint64_t epoch = 1) {
    wire::DesiredState state;
    wire::DesiredDesktop& desktop = *state.add_desktops();
    desktop.set_desktop_id(id_);
    desktop.set_epoch(epoch);
    desktop.set_name("alice-1");
    desktop.set_image("test");
    desktop.set_vcpus(2);
    desktop.set_memory_mib(512);
    desktop.set_heads(1);
    desktop.set_power(power);
    broker_.desire(state);
  }
  void run_desktop() {
    desire(wire::DesiredDesktop::ON);
    port_->accept();
    ASSERT_TRUE(port_->hears("hello 1\n"));
    port_->say("hello 1 ready\n");
    ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  }
  // Whose session the broker has heard of.
  UniqueFd connected_client() {
    EXPECT_TRUE(open_display("r1").has_display_opened());
    auto client = net::connect_tcp(front(), 2000ms).value_or(UniqueFd());
    const std::string request = connection_request(token_);
    EXPECT_EQ(::send(client.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    EXPECT_TRUE(broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::CONNECTED; }));
    return client;
  }
  wire::FromHost open_display(const std::string& request_id, wire::Grant::Recording recording = wire::Grant::NONE,
                              const std::string& key = "") {
    wire::ToHost message;
    wire::OpenDisplay& open = *message.mutable_open_display();
    open.set_request_id(request_id);
    open.set_desktop_id(id_);
    open.set_epoch(1);
    open.set_session_id(session_);
    open.set_routing_token_sha256(sha256(token_));
    open.set_ticket_sha256(std::string(32, 't'));
    open.set_valid_seconds(60);
    open.mutable_grant()->set_recording(recording);
    open.set_recording_key(key);
    broker_.send(message);
    const auto answer = broker_.wait([&](const wire::FromHost& m) {
      return m.display_opened().request_id() == request_id || m.failed().request_id() == request_id;
    });
    return answer.value_or(wire::FromHost());
  }
  // The answer to one request: a picture's bytes, or "CODE: message".
  std::string thumbnail(const std::string& desktop, std::uint64_t epoch = 1) {
    wire::ToHost message;
    const std::string request_id = random_uuid();
    message.mutable_take_thumbnail()->set_request_id(request_id);
    message.mutable_take_thumbnail()->set_desktop_id(desktop);
    message.mutable_take_thumbnail()->set_epoch(epoch);
    broker_.send(message);
    const auto answer = broker_.wait([&](const wire::FromHost& m) {
      return m.thumbnail().request_id() == request_id || m.failed().request_id() == request_id;
    });
    if (!answer) return "nothing";
    return answer->has_failed() ? answer->failed().code() + ": " + answer->failed().message()
                                : answer->thumbnail().jpeg();
  }

  const std::string id_ = random_uuid();
  const DesktopId desktop_ = *DesktopId::parse(id_);
  const std::string session_ = random_uuid();
  const std::string token_ = random_token();
  std::unique_ptr<GuestPort> port_;
};

TEST_F(AgentTest, HelloComesFirstAndNamesTheImages) {
  const auto first = broker_.wait([](const auto&) { return true; });
  ASSERT_TRUE(first && first->has_hello());
  EXPECT_EQ(first->hello().name(), "host-1");
  ASSERT_EQ(first->hello().images_size(), 1);
  EXPECT_EQ(first->hello().images(0).name(), "test");
}

TEST_F(AgentTest, StartingUntilTheGuestIsReadyAndNamed) {
  desire(wire::DesiredDesktop::ON);
  port_->accept();
  EXPECT_TRUE(port_->hears("hello 1\n"));
  EXPECT_TRUE(port_->hears("hello 1\n")) << "until it is answered";
  port_->say("hello 1 booting\n");
  EXPECT_TRUE(port_->hears("hostname alice-1\n"));
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STARTING));
  const wire::FromHost early = open_display("r1");
  EXPECT_EQ(early.failed().code(), to_string(Errc::kUnavailable));
  EXPECT_EQ(early.failed().message(), "desktop is starting");
  port_->say("ready\n");
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  port_->say("hello 1 booting\n");  // the user restarts the guest
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STARTING));
}

TEST_F(AgentTest, SpecIsWhatTheBrokerWants) {
  run_desktop();
  const auto spec = hypervisor_.spec(desktop_);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->vcpus, 2U);
  EXPECT_EQ(spec->memory_mib, 512U);
  EXPECT_EQ(spec->backing_disk, image_.images() / "test/disk.qcow2");
  EXPECT_EQ(spec->agent_channel, "org.tobari.agent.0");
}

TEST_F(AgentTest, RepeatedRequestGetsTheSameAnswer) {
  run_desktop();
  const wire::FromHost first = open_display("r1");
  ASSERT_TRUE(first.has_display_opened());
  EXPECT_THAT(connect_to_front(front(), connection_request(token_)), HasSubstr(session_));
  broker_.clear();
  EXPECT_TRUE(open_display("r1").has_display_opened());
  EXPECT_EQ(connect_to_front(front(), connection_request(token_)), "") << "and does not arm the token again";
}

TEST_F(AgentTest, SessionEventsAreToldUntilStored) {
  run_desktop();
  ASSERT_TRUE(open_display("r1").has_display_opened());
  EXPECT_NE(connect_to_front(front(), connection_request(token_)), "");
  const auto connected = [](const wire::FromHost& m) { return m.session().kind() == wire::SessionEvent::CONNECTED; };
  const auto told = broker_.wait(connected);
  ASSERT_TRUE(told);
  broker_.clear();
  stop();
  start();
  const auto again = broker_.wait(connected);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->session().event_id(), told->session().event_id());
  wire::ToHost stored;
  stored.mutable_event_stored()->set_event_id(told->session().event_id());
  broker_.send(stored);
  EXPECT_TRUE(eventually([&] { return EventQueue(image_.dir() / "events").pending().empty(); }));
}

TEST_F(AgentTest, ClosedSessionIsDropped) {
  run_desktop();
  const UniqueFd client = connected_client();
  ASSERT_TRUE(client);
  wire::ToHost close;
  close.mutable_close_session()->set_session_id(session_);
  close.mutable_close_session()->set_reason("an administrator ended it");
  broker_.send(close);
  EXPECT_TRUE(broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::DISCONNECTED; }));
}

TEST_F(AgentTest, ASessionThatIsNotHereAnyMoreIsSaidToBeOver) {
  run_desktop();
  const UniqueFd client = connected_client();
  ASSERT_TRUE(client);
  const auto over = [](const wire::FromHost& m) { return m.session().kind() == wire::SessionEvent::DISCONNECTED; };
  wire::ToHost check;
  check.mutable_check_sessions()->add_session_ids(session_);
  check.mutable_check_sessions()->add_session_ids("no session's id");
  broker_.send(check);
  EXPECT_FALSE(broker_.wait(over, 1s)) << "its client is there";
  stop();  // without a keeper its display ends, and nobody is left to say so
  broker_.clear();
  start();
  ASSERT_TRUE(broker_.wait([](const auto& m) { return m.has_hello(); }));
  broker_.send(check);
  broker_.send(check);  // another broker asks too
  const auto said = broker_.wait(over);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->session().session_id(), session_);
  EXPECT_EQ(said->session().detail(), "host restarted");
  EXPECT_EQ(said->session().event_id(), session_) << "so that it is stored once";
  ASSERT_TRUE(eventually([&] { return EventQueue(image_.dir() / "events").pending().size() == 2; }))
      << "its beginning, which was not stored here, and its end";
}

TEST_F(AgentTest, WhoLooksAtADesktopThatIsSwitchedOffIsSaidToBeGone) {
  run_desktop();
  ASSERT_TRUE(open_display("r1").has_display_opened());
  EXPECT_NE(connect_to_front(front(), connection_request(token_)), "");
  ASSERT_TRUE(broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::CONNECTED; }));
  hypervisor_.ignore_power_button(true);
  desire(wire::DesiredDesktop::OFF);
  const auto left = broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::DISCONNECTED; });
  ASSERT_TRUE(left);
  EXPECT_EQ(left->session().session_id(), session_);
}

// What closes the session may get lost on its way: the epoch says it too.
TEST_F(AgentTest, WhoHadADesktopBeforeItsEpochRoseIsOutOfIt) {
  run_desktop();
  const UniqueFd client = connected_client();
  ASSERT_TRUE(client);
  desire(wire::DesiredDesktop::ON);
  EXPECT_FALSE(broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::DISCONNECTED; }, 1s))
      << "the same again is no news";
  desire(wire::DesiredDesktop::ON, 2);
  const auto left = broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::DISCONNECTED; });
  ASSERT_TRUE(left);
  EXPECT_EQ(left->session().session_id(), session_);
  EXPECT_EQ(hypervisor_.starts(desktop_), 1) << "and the machine goes on";
  EXPECT_TRUE(hypervisor_.list()->at(0).running);
}

TEST_F(AgentTest, ATokenOfBeforeTheEpochRoseOpensNothing) {
  run_desktop();
  ASSERT_TRUE(open_display("r1").has_display_opened());
  desire(wire::DesiredDesktop::ON, 2);
  ASSERT_TRUE(eventually([&] {
    const auto actual = broker_.actual();
    return actual.desktops_size() == 1 && actual.desktops(0).epoch() == 2;
  }));
  EXPECT_EQ(connect_to_front(front(), connection_request(token_)), "");
}

TEST_F(AgentTest, ASessionIsNarrowedAndItsTransfersAreAsked) {
  run_desktop();
  ASSERT_TRUE(open_display("r1").has_display_opened());
  wire::ToHost narrow;
  narrow.mutable_narrow_session()->set_session_id(session_);
  narrow.mutable_narrow_session()->mutable_grant()->add_channels()->set_channel("clipboard.to_guest");
  broker_.send(narrow);
  const auto asked = broker_.wait([](const auto& m) { return m.has_transfer_asked(); });
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->transfer_asked().session_id(), session_);
  EXPECT_EQ(asked->transfer_asked().channel(), "clipboard.to_guest");
  EXPECT_EQ(asked->transfer_asked().bytes(), 1U);
  wire::ToHost answer;
  answer.mutable_transfer_answered()->set_session_id(session_);
  answer.mutable_transfer_answered()->set_id(asked->transfer_asked().id());
  answer.mutable_transfer_answered()->set_reason("no more today");
  broker_.send(answer);
  const auto heard = broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::DENIED; });
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->session().detail(), "no more today");
}

TEST_F(AgentTest, WhatMustBeRecordedIsNotOpenedWithoutAKey) {
  run_desktop();
  const wire::FromHost refused = open_display("r1", wire::Grant::REQUIRED);
  EXPECT_THAT(refused.failed().message(), HasSubstr("must be recorded"));
  EXPECT_FALSE(refused.has_display_opened());
  EXPECT_TRUE(open_display("r2", wire::Grant::OPTIONAL).has_display_opened());
  EXPECT_TRUE(broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::RECORDING_FAILED; }));
}

TEST_F(AgentTest, WhatIsNoRecordingIsNotKeptAndItsSessionEnds) {
  run_desktop();
  ASSERT_TRUE(open_display("r1", wire::Grant::REQUIRED, std::string(32, 'k')).has_display_opened());
  const auto socket = net::connect_tcp(front(), 2s);
  ASSERT_TRUE(socket);
  const std::string request = connection_request(token_);
  static_cast<void>(::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL));
  const auto failed =
      broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::RECORDING_FAILED; });
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->session().session_id(), session_);
  EXPECT_THAT(failed->session().detail(), HasSubstr("no recording"));
  EXPECT_TRUE(broker_.wait([](const auto& m) { return m.session().kind() == wire::SessionEvent::DISCONNECTED; }));
  EXPECT_TRUE(std::filesystem::is_empty(image_.dir() / "recordings"));
}

TEST_F(AgentTest, PowerOffAsksTheGuestAndThenPullsThePlug) {
  run_desktop();
  hypervisor_.ignore_power_button(true);
  desire(wire::DesiredDesktop::OFF);
  EXPECT_TRUE(port_->hears("shutdown\n"));
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STOPPED));
  EXPECT_EQ(hypervisor_.starts(desktop_), 1);
}

TEST_F(AgentTest, HypervisorAwayIsNobodysFault) {
  hypervisor_.set_available(false);
  desire(wire::DesiredDesktop::ON);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STARTING));
  hypervisor_.set_available(true);
  port_->accept();
  EXPECT_TRUE(port_->hears("hello 1\n"));
  EXPECT_EQ(hypervisor_.starts(desktop_), 1);
}

TEST_F(AgentTest, VmThatDiedWhileTheHypervisorWasAwayIsStartedAgain) {
  run_desktop();
  hypervisor_.set_available(false);
  hypervisor_.crash(desktop_);
  hypervisor_.set_available(true);
  EXPECT_TRUE(eventually([&] { return hypervisor_.starts(desktop_) == 2; }));
}

TEST_F(AgentTest, UnwantedDesktopIsStoppedAndKeepsItsDisk) {
  run_desktop();
  broker_.desire(wire::DesiredState());
  EXPECT_TRUE(port_->hears("shutdown\n"));
  EXPECT_TRUE(eventually([&] { return hypervisor_.list()->at(0).running == false; }));
  EXPECT_TRUE(std::filesystem::exists(image_.dir() / ("disks/" + id_ + ".qcow2")));
}

// A broker whose database was restored from an old copy: it must learn the higher epoch, and the VM must go on.
TEST_F(AgentTest, OldEpochIsAnsweredWithOurs) {
  desire(wire::DesiredDesktop::ON, 7);
  port_->accept();
  ASSERT_TRUE(port_->hears("hello 1\n"));
  stop();
  std::filesystem::remove(image_.dir() / "desired");
  broker_.clear();
  desire(wire::DesiredDesktop::DELETED, 3);
  start();
  EXPECT_TRUE(eventually([&] {
    const auto actual = broker_.actual();
    return actual.desktops_size() == 1 && actual.desktops(0).epoch() == 7;
  }));
  EXPECT_TRUE(hypervisor_.list()->at(0).running);
  EXPECT_TRUE(std::filesystem::exists(image_.dir() / ("disks/" + id_ + ".qcow2")));
}

// An empty report would tell the broker that a desktop which it wants deleted has gone.
TEST_F(AgentTest, NothingIsReportedBeforeItIsKnownWhatIsWanted) {
  ASSERT_TRUE(broker_.wait([](const auto& m) { return m.has_hello(); }));
  run_desktop();
  const auto first = broker_.wait([](const auto& m) { return m.has_actual(); });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->actual().desktops_size(), 1);
}

TEST_F(AgentTest, UnknownImageFailsWithASentence) {
  std::filesystem::remove_all(image_.images() / "test");
  desire(wire::DesiredDesktop::ON);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_FAILED));
  EXPECT_THAT(broker_.actual().desktops(0).detail(), HasSubstr("there is no image \"test\" on this host"));
}

// ---- pictures

TEST_F(AgentTest, ThumbnailsComeFromTheDisplayAndAreLookedAt) {
  run_desktop();
  ASSERT_TRUE(open_display("r1").has_display_opened()) << "the display is up";
  EXPECT_EQ(thumbnail(id_), "\xFF\xD8\xFFpicture\xFF\xD9");
  EXPECT_EQ(thumbnail(id_), "unavailable: there is no picture yet");
  EXPECT_THAT(thumbnail(id_), HasSubstr("the display made no picture")) << "text";
  EXPECT_THAT(thumbnail(id_), HasSubstr("the display made no picture")) << "too large";
  EXPECT_EQ(thumbnail(id_), "unavailable: the display process has ended");
}

TEST_F(AgentTest, ThumbnailsOfWhatIsNotHereAreRefused) {
  ASSERT_TRUE(broker_.wait([](const auto& m) { return m.has_hello(); }));
  EXPECT_THAT(thumbnail(id_), HasSubstr("not found")) << "nobody wants it yet";
  desire(wire::DesiredDesktop::OFF);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STOPPED));
  EXPECT_EQ(thumbnail(id_), "unavailable: the desktop is not running");
  EXPECT_THAT(thumbnail(id_, 2), HasSubstr("another epoch"));
  EXPECT_THAT(thumbnail("../../etc/passwd"), HasSubstr("does not have the desktop"));
}

// The fake's third answer is larger than any display's.
TEST(DisplayProcessTest, KeepsTheNewestStatisticsThatCanBe) {
  const auto loop = *Loop::create();
  DisplayOptions options{.program = TOBARI_FAKE_DISPLAY, .uid = {}, .restarts = {}};
  options.ping_every = 20ms;
  options.statistics_every = 1;
  std::optional<DisplayProcess> display;
  std::uint64_t newest = 0;
  int looks = 0;
  display.emplace(*loop, "d1", options,
                  DisplayCallbacks{[] {}, [](const auto&) {}, [](auto, const auto&) {}, [](const auto&) {}, [] {}});
  const auto timer = std::make_shared<Loop::Handle>();
  const std::function<void()> look = [&] {
    if (display->statistics()) newest = display->statistics()->frames();
    if (newest == 2 && ++looks > 20) return loop->stop();  // and stays so while others come
    *timer = loop->after(20ms, look);
  };
  look();
  loop->run();
  EXPECT_EQ(newest, 2U);
  display.reset();
}

// ---- the front alone

TEST_F(AgentTest, SilentClientIsClosedInTime) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(connect_to_front(front(), ""), "");
  EXPECT_EQ(connect_to_front(front(), std::string("\x03\x00", 2)), "");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST_F(AgentTest, OldestHalfOpenConnectionGivesWay) {
  std::vector<UniqueFd> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(*net::connect_tcp(front(), 2000ms));
  EXPECT_EQ(read_answer(idle[0].get()), "");
}

TEST_F(AgentTest, FirstPacketMayComeInPieces) {
  run_desktop();
  ASSERT_TRUE(open_display("r1").has_display_opened());
  const auto client = net::connect_tcp(front(), 2000ms);
  const std::string request = connection_request(token_);
  for (const char c : request) ASSERT_EQ(::send(client->get(), &c, 1, MSG_NOSIGNAL), 1);
  EXPECT_THAT(read_answer(client->get()), HasSubstr(session_));
}

}  // namespace
}  // namespace tobari::vmhost
