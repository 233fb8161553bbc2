// SPDX-License-Identifier: GPL-3.0-or-later
// The program as a host agent drives it: every message, the whole way.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>
#include <tobari/net/tcp_socket.h>
#include <tobari/recording/recording.h>

#include "../../unit/display_record/host_side.h"
#include "capture/clipboard_port.h"
#include "daemon/admission.h"
#include "daemon/agent_watch.h"
#include "headless_client.h"
#include "headless_clipboard.h"
#include "record/file_host.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;

class Managed : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = ControlChannel::pair().value();
    agent = std::make_unique<ControlChannel>(std::move(pair.first));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair.second.fd(), kControlDescriptor);
    std::string program = TOBARI_DISPLAY_PROGRAM;
    std::string option = "--control-fd";
    std::string descriptor = std::to_string(kControlDescriptor);
    char* argv[] = {program.data(), option.data(), descriptor.data(), nullptr};
    ASSERT_EQ(posix_spawn(&process, program.c_str(), &actions, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  void TearDown() override {
    agent.reset();  // the process ends when nobody is there any more
    int status = -1;
    for (int i = 0; i < 1000 && ::waitpid(process, &status, WNOHANG) == 0; ++i) ::usleep(10'000);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }

  wire::FromDisplay receive() {
    wire::FromDisplay message;
    pollfd item{agent->fd(), POLLIN, 0};
    if (::poll(&item, 1, 10'000) > 0) static_cast<void>(agent->receive(message));
    return message;
  }
  void set_up() {
    wire::ToDisplay message;
    message.mutable_setup()->set_desktop_id("d1");
    message.mutable_setup()->set_log_level("warning");
    message.mutable_setup()->set_hold_seconds(hold);
    ASSERT_TRUE(agent->send(message));
    const auto ready = receive();
    ASSERT_TRUE(ready.has_ready());
    certificate = ready.ready().certificate_sha256();
    EXPECT_EQ(certificate.size(), 64U);
  }
  void set_up_wall(unsigned screens) {
    wire::ToDisplay message;
    message.mutable_setup()->set_desktop_id("wall");
    message.mutable_setup()->set_log_level("warning");
    message.mutable_setup()->set_screens(screens);
    ASSERT_TRUE(agent->send(message));
    ASSERT_TRUE(receive().has_ready());
  }
  void arm(const std::string& ticket, const std::string& session) {
    const Sha256 hash = sha256(std::as_bytes(std::span(ticket)));
    wire::ToDisplay message;
    message.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
    message.mutable_arm()->set_session_id(session);
    message.mutable_arm()->set_valid_seconds(60);
    ASSERT_TRUE(agent->send(message));
  }
  // Plays the front: accepts the client and hands it over.
  void hand_over(int listener, const std::string& session) {
    pollfd item{listener, POLLIN, 0};
    ASSERT_GT(::poll(&item, 1, 10'000), 0);
    const UniqueFd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    wire::ToDisplay message;
    message.mutable_client()->set_address("192.0.2.7:1234");
    message.mutable_client()->set_session_id(session);
    ASSERT_TRUE(agent->send(message, connection.get()));
  }

  void ping(std::uint64_t id) {
    wire::ToDisplay message;
    message.mutable_ping()->set_id(id);
    ASSERT_TRUE(agent->send(message));
    EXPECT_EQ(receive().pong().id(), id);
  }
  wire::Resumed resume() {
    wire::ToDisplay message;
    message.mutable_resume();
    EXPECT_TRUE(agent->send(message));
    const auto answer = receive();
    EXPECT_TRUE(answer.has_resumed());
    return answer.resumed();
  }

  unsigned hold = 0;  // seconds, without an agent
  std::string certificate;
  std::unique_ptr<ControlChannel> agent;
  pid_t process = -1;
};

TEST_F(Managed, AnswersAPing) {
  set_up();
  wire::ToDisplay ping;
  ping.mutable_ping()->set_id(7);
  ASSERT_TRUE(agent->send(ping));
  EXPECT_EQ(receive().pong().id(), 7U);
}

TEST_F(Managed, SaysWhatItHasDone) {
  set_up();
  wire::ToDisplay ask;
  ask.mutable_ask_statistics();
  ASSERT_TRUE(agent->send(ask));
  const auto answer = receive();
  ASSERT_TRUE(answer.has_statistics());
  EXPECT_EQ(answer.statistics().frames(), 0U);
  EXPECT_FALSE(answer.statistics().connected());
}

TEST_F(Managed, WithoutADesktopThereIsNoPictureAndItSaysSo) {
  set_up();
  for (const std::uint64_t id : {7U, 8U}) {  // the second within a second
    wire::ToDisplay take;
    take.mutable_take_picture()->set_id(id);
    ASSERT_TRUE(agent->send(take));
    const auto answer = receive();
    EXPECT_EQ(answer.picture().id(), id);
    EXPECT_TRUE(answer.picture().jpeg().empty());
    EXPECT_EQ(answer.picture().failure(), "nothing is shown yet");
  }
}

TEST_F(Managed, ASignalThatAsksForFiguresEndsNothing) {
  set_up();
  ASSERT_EQ(::kill(process, SIGUSR1), 0);
  wire::ToDisplay ping;
  ping.mutable_ping()->set_id(9);
  ASSERT_TRUE(agent->send(ping));
  EXPECT_EQ(receive().pong().id(), 9U);
}

TEST_F(Managed, SaysThatASourceCannotBeHad) {
  set_up();
  wire::ToDisplay source;
  source.mutable_source();
  ASSERT_TRUE(agent->send(source));
  EXPECT_TRUE(receive().has_source_lost());
}

TEST_F(Managed, SaysOfWhichScreenASourceCannotBeHad) {
  set_up_wall(3);
  wire::ToDisplay source;
  source.mutable_source()->set_screen(2);
  ASSERT_TRUE(agent->send(source));
  const auto lost = receive();
  EXPECT_TRUE(lost.has_source_lost());
  EXPECT_EQ(lost.source_lost().screen(), 2U);
  source.mutable_source()->set_screen(16);  // one that cannot be: not even answered
  ASSERT_TRUE(agent->send(source));
  wire::ToDisplay ping;
  ping.mutable_ping()->set_id(3);
  ASSERT_TRUE(agent->send(ping));
  EXPECT_EQ(receive().pong().id(), 3U);
}

TEST_F(Managed, AClientThatIsTakenOverIsToldSo) {
  set_up_wall(2);
  arm("ticket", "s1");
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  HeadlessClient client(net::local_endpoint(listener.get()).value().port,
                        {"/u:x", "/p:ticket", "/size:640x480", "/gfx:AVC420"});
  hand_over(listener.get(), "s1");
  EXPECT_EQ(receive().session().kind(), wire::Session::CONNECTED);
  ASSERT_TRUE(client.wait_connected());
  wire::ToDisplay drop;
  drop.mutable_drop()->set_session_id("s1");
  drop.mutable_drop()->set_taken_over(true);
  ASSERT_TRUE(agent->send(drop));
  EXPECT_EQ(receive().session().detail(), "taken over by another client");
  const auto outcome = client.wait_ended();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error_info, 0x05U);  // ERRINFO_DISCONNECTED_BY_OTHERCONNECTION, MS-RDPBCGR 2.2.5.1.1
}

TEST_F(Managed, ReportsAClientFromArmToDrop) {
  set_up();
  arm("ticket", "s1");
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  HeadlessClient client(net::local_endpoint(listener.get()).value().port,
                        {"/u:x", "/p:ticket", "/size:640x480", "/gfx:AVC420"});
  hand_over(listener.get(), "s1");
  const auto connected = receive();
  EXPECT_EQ(connected.session().kind(), wire::Session::CONNECTED);
  EXPECT_EQ(connected.session().session_id(), "s1");
  EXPECT_EQ(connected.session().client_address(), "192.0.2.7:1234");
  ASSERT_TRUE(client.wait_connected());
  wire::ToDisplay drop;
  drop.mutable_drop()->set_session_id("s1");
  ASSERT_TRUE(agent->send(drop));
  const auto gone = receive();
  EXPECT_EQ(gone.session().kind(), wire::Session::DISCONNECTED);
  EXPECT_EQ(gone.session().session_id(), "s1");
  EXPECT_TRUE(client.wait_ended().has_value());
}

// What must be recorded is not even armed without somebody who writes it down.
TEST_F(Managed, ATicketThatNeedsARecordingIsNoneWithoutItsLine) {
  set_up();
  const std::string ticket = "ticket";
  const Sha256 hash = sha256(std::as_bytes(std::span(ticket)));
  wire::ToDisplay message;
  message.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
  message.mutable_arm()->set_session_id("0f8fad5b-d9cb-469f-a165-70867728950e");
  message.mutable_arm()->set_valid_seconds(60);
  message.mutable_arm()->set_recording_key(std::string(32, 'k'));
  message.mutable_arm()->mutable_grant()->set_recording(wire::Grant::REQUIRED);
  ASSERT_TRUE(agent->send(message));
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  HeadlessClient client(net::local_endpoint(listener.get()).value().port, {"/u:x", "/p:ticket", "/size:640x480"});
  hand_over(listener.get(), "s1");
  EXPECT_EQ(receive().session().kind(), wire::Session::REFUSED);
}

TEST_F(Managed, RecordsWhatItShows) {
  set_up();
  const recording::KeyPair keys = recording::make_key_pair();
  const std::string session = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const std::string ticket = "ticket";
  const Sha256 hash = sha256(std::as_bytes(std::span(ticket)));
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const auto file = std::filesystem::temp_directory_path() / ("managed_test." + std::to_string(::getpid()) + ".tbrec");
  auto host = FileHost::create(file, UniqueFd(ends[0])).value();
  UniqueFd line(ends[1]);
  wire::ToDisplay message;
  message.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
  message.mutable_arm()->set_session_id(session);
  message.mutable_arm()->set_valid_seconds(60);
  message.mutable_arm()->set_recording_key(keys.public_key.bytes.data(), keys.public_key.bytes.size());
  message.mutable_arm()->mutable_grant()->set_recording(wire::Grant::REQUIRED);
  message.mutable_arm()->mutable_grant()->set_user("alice");
  ASSERT_TRUE(agent->send(message, line.get()));
  line.reset();
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  {
    HeadlessClient client(net::local_endpoint(listener.get()).value().port,
                          {"/u:x", "/p:ticket", "/size:640x480", "/gfx:AVC420"});
    hand_over(listener.get(), session);
    EXPECT_EQ(receive().session().kind(), wire::Session::CONNECTED);
    ASSERT_TRUE(client.wait_connected());
  }
  EXPECT_EQ(receive().session().kind(), wire::Session::DISCONNECTED);
  agent.reset();
  host.reset();  // returns when the process has let go of its end
  auto read = recording::Recording::open(file).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  EXPECT_TRUE(read.verify().value().ended);
  std::filesystem::remove(file);
}

// ---- the agent is started again

TEST_F(Managed, SaysToANewAgentWhatThereIs) {
  hold = 60;
  set_up();
  arm("ticket", "s1");
  EXPECT_EQ(resume().sessions_size(), 0) << "a ticket is no client";
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  {
    HeadlessClient client(net::local_endpoint(listener.get()).value().port,
                          {"/u:x", "/p:ticket", "/size:640x480", "/gfx:AVC420"});
    hand_over(listener.get(), "s1");
    EXPECT_EQ(receive().session().kind(), wire::Session::CONNECTED);
    ASSERT_TRUE(client.wait_connected());
    const wire::Resumed resumed = resume();
    EXPECT_EQ(resumed.certificate_sha256(), certificate);
    ASSERT_EQ(resumed.sessions_size(), 1);
    EXPECT_EQ(resumed.sessions(0).session_id(), "s1");
    EXPECT_EQ(resumed.sessions(0).client_address(), "192.0.2.7:1234");
    EXPECT_EQ(resumed.screens_size(), 0) << "nobody gave it a source";
  }
  EXPECT_EQ(receive().session().kind(), wire::Session::DISCONNECTED);
  EXPECT_EQ(resume().sessions_size(), 0);
}

// Its socket is held, so silence is all that it sees of its agent's end.
TEST_F(Managed, EndsByItselfWhenNoAgentComesBack) {
  hold = 1;
  set_up();
  siginfo_t ended{};
  for (int i = 0; i < 2000 && ended.si_pid == 0; ++i) {
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOHANG | WNOWAIT), 0);
    ::usleep(10'000);
  }
  EXPECT_EQ(ended.si_pid, process);
}

TEST_F(Managed, GoesOnWhileItIsPinged) {
  hold = 2;
  set_up();
  for (std::uint64_t id = 1; id <= 8; ++id) {
    ::usleep(500'000);
    ping(id);
  }
}

TEST_F(Managed, ARecordingGoesOnWithTheNextAgent) {
  hold = 60;
  set_up();
  const recording::KeyPair keys = recording::make_key_pair();
  const Sha256 hash = sha256(std::as_bytes(std::span(std::string_view("ticket"))));
  HostSide former;
  HostSide next;
  wire::ToDisplay message;
  message.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
  message.mutable_arm()->set_session_id(kSession);
  message.mutable_arm()->set_valid_seconds(60);
  message.mutable_arm()->set_recording_key(keys.public_key.bytes.data(), keys.public_key.bytes.size());
  message.mutable_arm()->mutable_grant()->set_recording(wire::Grant::REQUIRED);
  ASSERT_TRUE(agent->send(message, former.take_line().get()));
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  {
    HeadlessClient client(net::local_endpoint(listener.get()).value().port,
                          {"/u:x", "/p:ticket", "/size:640x480", "/gfx:AVC420"});
    hand_over(listener.get(), kSession);
    EXPECT_EQ(receive().session().kind(), wire::Session::CONNECTED);
    ASSERT_TRUE(client.wait_connected());
    EXPECT_GT(former.wait_for(recording::kHeaderBytes + 1).size(), recording::kHeaderBytes);
    former.hang_up();
    next.go_on_with(former.disk());
    wire::ToDisplay line;
    line.mutable_recording_line()->set_session_id(kSession);
    ASSERT_TRUE(agent->send(line, next.take_line().get()));
    ping(1);
  }
  EXPECT_EQ(receive().session().kind(), wire::Session::DISCONNECTED) << "not before its client left";
  const auto bytes = next.wait_for_end();
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  EXPECT_TRUE(read.verify().value().ended);
}

TEST_F(Managed, ALineOfARecordingThatIsNotThereIsClosed) {
  set_up();
  HostSide host;
  wire::ToDisplay line;
  line.mutable_recording_line()->set_session_id(kSession);
  ASSERT_TRUE(agent->send(line, host.take_line().get()));
  static_cast<void>(host.wait_for(1));
  EXPECT_TRUE(host.closed());
}

TEST_F(Managed, ReportsWhoIsRefused) {
  set_up();
  arm("ticket", "s1");
  const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
  HeadlessClient client(net::local_endpoint(listener.get()).value().port, {"/u:x", "/p:guess", "/size:640x480"});
  hand_over(listener.get(), "s2");
  const auto refused = receive();
  EXPECT_EQ(refused.session().kind(), wire::Session::REFUSED);
  EXPECT_EQ(refused.session().session_id(), "s2");
}

// A whole clipboard but for the broker: the guest's agent and the host agent are played here.
class ManagedClipboard : public Managed {
 protected:
  void connect(const std::string& session) {
    set_up();
    const Sha256 hash = sha256(std::as_bytes(std::span(std::string_view("ticket"))));
    wire::ToDisplay arm;
    arm.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
    arm.mutable_arm()->set_session_id(session);
    arm.mutable_arm()->set_valid_seconds(60);
    wire::ChannelGrant& open = *arm.mutable_arm()->mutable_grant()->add_channels();
    open.set_channel("clipboard.from_guest");
    open.add_formats("text");
    ASSERT_TRUE(agent->send(arm));
    int pair[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    guest.reset(pair[0]);
    const UniqueFd port(pair[1]);
    wire::ToDisplay hand;
    hand.mutable_clipboard();
    ASSERT_TRUE(agent->send(hand, port.get()));
    const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
    client.emplace(net::local_endpoint(listener.get()).value().port,
                   HeadlessClient::Arguments{"/u:x", "/p:ticket", "/size:640x480", "/gfx:RFX", kClipboardArgument});
    hand_over(listener.get(), session);
    EXPECT_EQ(receive().session().kind(), wire::Session::CONNECTED);
    ASSERT_TRUE(clipboard.wait_ready());
    std::vector<std::byte> said;
    port::hello(said);
    FormatSet formats;
    formats.add(policy::Format::kText);
    formats.add(policy::Format::kHtml);
    port::offer(formats, said);
    say(said);
    ASSERT_TRUE(clipboard.wait_offer(1)) << "text, and not HTML, which is not granted";
  }
  void say(const std::vector<std::byte>& bytes) const {
    ASSERT_EQ(::send(guest.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The next thing that the guest is asked for is given.
  void give(std::string_view text) {
    port::Reader reader;
    for (;;) {
      std::byte buffer[4096];
      const ssize_t got = ::recv(guest.get(), buffer, sizeof buffer, 0);
      ASSERT_GT(got, 0);
      reader.add(std::span(buffer, static_cast<std::size_t>(got)));
      while (auto message = reader.next().value()) {
        if (message->type != port::Type::kAsk) continue;
        std::vector<std::byte> said;
        port::data(message->id, std::as_bytes(std::span(text)), true, said);
        return say(said);
      }
    }
  }
  using FormatSet = policy::FormatSet;
  static constexpr std::uint32_t kText = 13;

  HeadlessClipboard clipboard;
  UniqueFd guest;
  std::optional<HeadlessClient> client;
};

TEST_F(ManagedClipboard, PassesWhatTheBrokerHasWrittenDown) {
  connect("s1");
  for (const bool allowed : {true, false}) {
    std::jthread host([this, allowed] {
      give("text");
      const auto asked = receive();
      EXPECT_EQ(asked.transfer().session_id(), "s1");
      EXPECT_EQ(asked.transfer().channel(), "clipboard.from_guest");
      EXPECT_EQ(asked.transfer().format(), "text");
      EXPECT_EQ(asked.transfer().bytes(), 4U);
      wire::ToDisplay answer;
      answer.mutable_transfer_answer()->set_id(asked.transfer().id());
      answer.mutable_transfer_answer()->set_allowed(allowed);
      EXPECT_TRUE(agent->send(answer));
    });
    const auto pasted = clipboard.paste(kText);
    ASSERT_TRUE(pasted);
    EXPECT_EQ(pasted->has_value(), allowed);
  }
}

TEST_F(ManagedClipboard, NothingPassesWhileTheAgentIsAway) {
  hold = 60;
  connect("s1");
  std::this_thread::sleep_for(AgentWatch::kAwayAfter + 500ms);  // nobody pings
  {
    const std::jthread machine([this] { give("text"); });
    const auto began = std::chrono::steady_clock::now();
    const auto pasted = clipboard.paste(kText);
    ASSERT_TRUE(pasted);
    EXPECT_FALSE(pasted->has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "at once, not when nobody has answered";
  }
  const auto told = receive();
  EXPECT_EQ(told.session().kind(), wire::Session::DENIED);
  EXPECT_NE(told.session().detail().find("away"), std::string::npos) << told.session().detail();
  ping(1);
  const std::jthread host([this] {
    give("text");
    const auto asked = receive();
    wire::ToDisplay answer;
    answer.mutable_transfer_answer()->set_id(asked.transfer().id());
    answer.mutable_transfer_answer()->set_allowed(true);
    EXPECT_TRUE(agent->send(answer));
  });
  const auto pasted = clipboard.paste(kText);
  ASSERT_TRUE(pasted);
  EXPECT_TRUE(pasted->has_value()) << "an agent is there again";
}

TEST_F(ManagedClipboard, IsClosedByAWordOfTheHost) {
  connect("s1");
  wire::ToDisplay narrow;
  narrow.mutable_narrow()->set_session_id("s1");
  narrow.mutable_narrow()->mutable_grant();
  ASSERT_TRUE(agent->send(narrow));
  ASSERT_TRUE(clipboard.wait_offer(0));
  EXPECT_FALSE(clipboard.paste(kText).value().has_value());
  wire::ToDisplay drop;
  drop.mutable_drop()->set_session_id("s1");
  drop.mutable_drop()->set_denied(true);
  ASSERT_TRUE(agent->send(drop));
  const auto outcome = client->wait_ended();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error_info, 0x09U);  // ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES
  EXPECT_EQ(receive().session().detail(), "the policy does not allow it any more");
}

}  // namespace
}  // namespace tobari::display::testing
