// SPDX-License-Identifier: GPL-3.0-or-later
// The program as a host agent drives it: every message, the whole way.
#include "managed.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>
#include <tobari/net/tcp_socket.h>
#include <tobari/recording/recording.h>

#include "../../unit/display_record/host_side.h"
#include "daemon/admission.h"
#include "daemon/agent_watch.h"
#include "headless_client.h"
#include "record/file_host.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace tobari::display::testing
