// SPDX-License-Identifier: GPL-3.0-or-later
// The real tobari-vmhost with a real libvirtd and QEMU, in namespaces of its own (alone). Only the broker and the
// display process are stand-ins, and the guest, which is an endless loop without an agent.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <tobari/net/tcp_socket.h>

#include "../../unit/vmhost/test_image.h"
#include "fake_broker.h"
#include "front_client.h"
#include "host/unix_socket.h"
#include "identity.h"
#include "keeper/keeper_line.h"
#include "processes.h"
#include "session_client.h"

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/etc/tobari-root") || ::geteuid() != 0) GTEST_SKIP() << "not in the platform root";
    start_libvirt();
    credentials_ = make_identity(image_.dir());
    broker_ = std::make_unique<FakeBroker>(credentials_);
    write_config();
    start_host();
    ASSERT_TRUE(broker_->wait([](const auto& m) { return m.has_hello(); }));
  }
  void TearDown() override {
    host_.end(SIGKILL);
    static_cast<void>(shell("virsh -c qemu:///system destroy tobari-" + id_ + " 2>&1"));
    static_cast<void>(shell("virsh -c qemu:///system undefine tobari-" + id_ + " 2>&1"));
  }

  static void start_libvirt() { ASSERT_EQ(shell(std::string(TOBARI_LIBVIRT_START) + " /tmp/tobari-libvirt"), 0); }
  void start_host(const std::string& extra = "--config") {
    std::vector<std::string> command{TOBARI_VMHOST, "--config", image_.dir() / "vmhost.yaml"};
    if (extra != "--config") command.push_back(extra);
    host_.start(std::move(command));
  }

  void write_config() {
    // A free port, known before: the host is restarted on the same one.
    const auto probe = net::listen_tcp({"127.0.0.1", 0});
    front_ = *net::local_endpoint(probe->get());
    const std::string dir = image_.dir().path();
    image_.dir().write("vmhost.yaml",
                       "broker: 127.0.0.1:" + std::to_string(broker_->port()) + "\nidentity_dir: " + dir +
                           "/identity\nstate_dir: " + dir + "/state\nimages_dir: " + dir +
                           "/images\nfront_listen: " + net::to_string(front_) +
                           "\ndisplay_program: " TOBARI_FAKE_DISPLAY "\naccelerator: tcg\n" + extra_config_);
  }

  void desire(wire::DesiredDesktop::Power power, std::uint64_t epoch = 1) {
    wire::DesiredState state;
    wire::DesiredDesktop& desktop = *state.add_desktops();
    desktop.set_desktop_id(id_);
    desktop.set_epoch(epoch);
    desktop.set_name("alice-1");
    desktop.set_image("test");
    desktop.set_vcpus(1);
    desktop.set_memory_mib(64);
    desktop.set_heads(1);
    desktop.set_power(power);
    broker_->desire(state);
  }
  void run_desktop() {
    desire(wire::DesiredDesktop::ON);
    ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
    ASSERT_EQ(vm().size(), 1U);
  }
  std::vector<pid_t> vm() { return pids_of("guest=tobari-" + id_); }

  // What the host answers to an OpenDisplay with a new session and token.
  wire::FromHost open_display(std::uint64_t epoch = 1) {
    token_ = random_token();
    session_ = random_uuid();
    wire::ToHost message;
    wire::OpenDisplay& open = *message.mutable_open_display();
    open.set_request_id(random_uuid());
    open.set_desktop_id(id_);
    open.set_epoch(epoch);
    open.set_session_id(session_);
    open.set_routing_token_sha256(sha256(token_));
    open.set_ticket_sha256(std::string(32, 't'));
    open.set_valid_seconds(60);
    broker_->send(message);
    const auto answer = broker_->wait([&](const wire::FromHost& m) {
      return m.display_opened().request_id() == open.request_id() || m.failed().request_id() == open.request_id();
    });
    return answer.value_or(wire::FromHost());
  }
  // The stand-in's one line; empty when the connection was closed.
  std::string connect(const std::string& token) { return connect_to_front(front_, connection_request(token)); }
  // Opens and connects: the session's line.
  std::string session() {
    const wire::FromHost opened = open_display();
    EXPECT_TRUE(opened.has_display_opened()) << opened.ShortDebugString();
    return connect(token_);
  }
  static std::string word_after(const std::string& line, const std::string& word) {
    const std::size_t at = line.find(word + " ");
    return at == std::string::npos ? ""
                                   : line.substr(at + word.size() + 1, line.find_first_of(" \n", at + word.size() + 1) -
                                                                           at - word.size() - 1);
  }

  TestImage image_;
  const std::string id_ = random_uuid();
  FakeBroker::Credentials credentials_;
  std::unique_ptr<FakeBroker> broker_;
  net::Endpoint front_;
  Process host_;
  std::string token_;
  std::string session_;
  std::string extra_config_;
};

TEST_F(ProgramTest, ClientReachesTheDisplayOfItsDesktopOnce) {
  EXPECT_EQ(open_display().failed().code(), to_string(Errc::kNotFound));
  run_desktop();
  const std::string line = session();
  EXPECT_EQ(word_after(line, "session"), session_);
  EXPECT_NE(word_after(line, "uid"), "0");
  EXPECT_EQ(connect(token_), "") << "a token is good once";
  EXPECT_EQ(connect(random_token()), "") << "unknown token";
  EXPECT_TRUE(broker_->wait([&](const auto& m) {
    return m.session().session_id() == session_ && m.session().kind() == wire::SessionEvent::CONNECTED;
  }));
}

TEST_F(ProgramTest, KilledQemuComesBackToTheSameDisplay) {
  run_desktop();
  ASSERT_TRUE(eventually([&] { return word_after(session(), "sources") == "1"; }));
  const std::string display = word_after(session(), "pid");
  ASSERT_TRUE(eventually([&] { return vm().size() == 1; }));
  const auto old = vm();
  ASSERT_EQ(old.size(), 1U);
  ASSERT_EQ(::kill(old[0], SIGKILL), 0);
  ASSERT_TRUE(eventually([&] {
    const auto now = vm();
    return now.size() == 1 && now != old;
  }));
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  ASSERT_TRUE(eventually([&] { return word_after(session(), "sources") == "2"; }));
  EXPECT_EQ(word_after(session(), "pid"), display);
}

TEST_F(ProgramTest, VmThatKeepsDyingIsGivenUp) {
  run_desktop();
  ASSERT_TRUE(eventually(
      [&] {
        for (const pid_t pid : vm()) ::kill(pid, SIGKILL);
        return broker_->wait_state(wire::DESKTOP_STATE_FAILED, std::chrono::seconds(0));
      },
      std::chrono::seconds(40)));
  EXPECT_THAT(broker_->actual().desktops(0).detail(), HasSubstr("given up"));
  wire::ToHost restart;
  restart.mutable_restart_desktop()->set_request_id("r");
  restart.mutable_restart_desktop()->set_desktop_id(id_);
  restart.mutable_restart_desktop()->set_epoch(1);
  broker_->send(restart);
  EXPECT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
}

TEST_F(ProgramTest, KilledDisplayIsServedAgainWithinTwoSeconds) {
  run_desktop();
  const std::string display = word_after(session(), "pid");
  const std::string first = session_;
  const auto before = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(std::stoi(display), SIGKILL), 0);
  // As a client does: again, when the first answer is of the display that died.
  ASSERT_TRUE(eventually([&] {
    if (!open_display().has_display_opened()) return false;
    const std::string now = word_after(connect(token_), "pid");
    return !now.empty() && now != display;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
  EXPECT_TRUE(broker_->wait([&](const auto& m) {
    return m.session().session_id() == first && m.session().kind() == wire::SessionEvent::DISCONNECTED;
  }));
}

// Its end and its last message may be seen in one turn of the loop.
TEST_F(ProgramTest, LastWordsOfADisplayAreHeard) {
  run_desktop();
  ASSERT_NE(session(), "");
  wire::ToHost close;
  close.mutable_close_session()->set_session_id(session_);
  close.mutable_close_session()->set_reason("last words");
  broker_->send(close);
  const auto ended = broker_->wait([&](const auto& m) {
    return m.session().session_id() == session_ && m.session().kind() == wire::SessionEvent::DISCONNECTED;
  });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->session().detail(), "last words");
}

TEST_F(ProgramTest, HangingDisplayIsReplaced) {
  run_desktop();
  const std::string display = word_after(session(), "pid");
  ASSERT_EQ(::kill(std::stoi(display), SIGSTOP), 0);
  EXPECT_TRUE(eventually([&] { return ::kill(std::stoi(display), 0) != 0; }, std::chrono::seconds(30)));
  EXPECT_NE(word_after(session(), "pid"), display);
}

TEST_F(ProgramTest, LibvirtdKilledNothingIsLostOrStartedTwice) {
  run_desktop();
  const std::string display = word_after(session(), "pid");
  const auto before = vm();
  ASSERT_EQ(shell("pid=$(cat /run/libvirtd.tobari.pid) && kill -KILL $pid"), 0);
  EXPECT_EQ(word_after(session(), "pid"), display) << "clients do not need libvirtd";
  start_libvirt();
  // The agent is back when it obeys again.
  EXPECT_EQ(vm(), before);
  desire(wire::DesiredDesktop::DELETED);
  EXPECT_TRUE(eventually([&] { return vm().empty(); }));
}

TEST_F(ProgramTest, KilledAgentAdoptsItsVmAndLeavesNoDisplayBehind) {
  run_desktop();
  const std::string display = word_after(session(), "pid");
  const auto before = vm();
  host_.end(SIGKILL);
  EXPECT_TRUE(eventually([&] { return ::kill(std::stoi(display), 0) != 0; }));
  EXPECT_EQ(vm(), before);
  broker_->clear();
  start_host();
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_NE(word_after(session(), "pid"), "");
  EXPECT_EQ(vm(), before);
}

TEST_F(ProgramTest, TermLeavesVmsUnlessToldOtherwise) {
  run_desktop();
  const std::string display = word_after(session(), "pid");
  const auto before = vm();
  EXPECT_EQ(host_.end(SIGTERM), 0);
  EXPECT_NE(::kill(std::stoi(display), 0), 0);
  EXPECT_EQ(vm(), before);
  broker_->clear();
  start_host("--stop-desktops-on-exit");
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_EQ(host_.end(SIGTERM), 0);
  EXPECT_TRUE(vm().empty());
}

// ---- with a keeper

class KeptProgramTest : public ProgramTest {
 protected:
  KeptProgramTest() { extra_config_ = "keeper_program: " TOBARI_KEEPER "\n"; }
  void TearDown() override {
    ProgramTest::TearDown();
    const auto loop = Loop::create().value();
    if (const auto keeper = KeeperLine::create(*loop, {.socket = keeper_socket()})) (*keeper)->end();
  }
  std::filesystem::path keeper_socket() const { return image_.dir() / "state/keeper.sock"; }
  // Of a client that looks at the desktop.
  std::unique_ptr<Client> client() {
    run_desktop();
    EXPECT_TRUE(eventually([&] { return open_display().has_display_opened(); }));
    auto made = std::make_unique<Client>(front_, token_);
    display_ = made->pid();
    EXPECT_GT(display_, 0);
    EXPECT_TRUE(broker_->wait([&](const auto& m) {
      return m.session().session_id() == session_ && m.session().kind() == wire::SessionEvent::CONNECTED;
    }));
    return made;
  }
  static bool echoes(Client& client) {
    const std::string word = random_uuid() + "\n";
    client.say(word);
    return client.hears(word);
  }
  void start_again() {
    broker_->clear();
    start_host();
    ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  }

  pid_t display_ = -1;
};

TEST_F(KeptProgramTest, AKilledAgentLeavesItsDisplayAndItsClientToTheNextOne) {
  const auto client = this->client();
  const auto before = vm();
  host_.end(SIGKILL);
  EXPECT_TRUE(echoes(*client)) << "there is no agent";
  start_again();
  EXPECT_TRUE(client->hears("resumed\n"));
  EXPECT_TRUE(echoes(*client));
  EXPECT_FALSE(has_ended(display_));
  EXPECT_EQ(vm(), before);
  EXPECT_EQ(word_after(session(), "pid"), std::to_string(display_)) << "which serves the next session";
}

TEST_F(KeptProgramTest, BeingAskedToEndIsARestartToo) {
  const auto client = this->client();
  EXPECT_EQ(host_.end(SIGTERM), 0);
  EXPECT_TRUE(echoes(*client));
  start_again();
  EXPECT_TRUE(client->hears("resumed\n"));
  EXPECT_TRUE(echoes(*client));
}

TEST_F(KeptProgramTest, UnlessDesktopsAreToStop) {
  const auto client = this->client();
  host_.end(SIGKILL);
  broker_->clear();
  start_host("--stop-desktops-on-exit");
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  ASSERT_TRUE(client->hears("resumed\n"));
  EXPECT_EQ(host_.end(SIGTERM), 0);
  EXPECT_TRUE(client->closed());
  EXPECT_TRUE(vm().empty());
  EXPECT_TRUE(eventually([&] { return !connect_unix(keeper_socket(), SOCK_SEQPACKET).has_value(); }));
}

TEST_F(KeptProgramTest, LibvirtdsRestartIsNoticedByNoClient) {
  const auto client = this->client();
  const auto before = vm();
  ASSERT_EQ(shell("pid=$(pidof libvirtd) && kill -KILL $pid"), 0);
  EXPECT_TRUE(echoes(*client));
  start_libvirt();
  EXPECT_TRUE(echoes(*client));
  EXPECT_FALSE(has_ended(display_));
  EXPECT_EQ(vm(), before);
}

TEST_F(KeptProgramTest, ADisplayDoesNotOutliveItsDesktop) {
  const auto client = this->client();
  host_.end(SIGKILL);
  start_again();
  ASSERT_TRUE(client->hears("resumed\n"));
  desire(wire::DesiredDesktop::DELETED);
  EXPECT_TRUE(client->closed());
  EXPECT_TRUE(eventually([&] { return has_ended(display_) && vm().empty(); }));
}

class ShortlyKeptProgramTest : public KeptProgramTest {
 protected:
  ShortlyKeptProgramTest() { extra_config_ += "keeper_hold_seconds: 5\n"; }
};

TEST_F(ShortlyKeptProgramTest, WhereNoAgentComesBackDisplaysEndAndMachinesStay) {
  const auto client = this->client();
  const auto before = vm();
  host_.end(SIGKILL);
  EXPECT_TRUE(client->closed());
  EXPECT_TRUE(eventually([&] { return has_ended(display_); }));
  EXPECT_EQ(vm(), before);
}

TEST_F(ProgramTest, DesktopsAreKeptRightWithoutTheBroker) {
  run_desktop();
  host_.end(SIGKILL);
  const int port = broker_->port();
  broker_.reset();
  const auto old = vm();
  ASSERT_EQ(::kill(old[0], SIGKILL), 0);
  start_host();
  EXPECT_TRUE(eventually([&] { return vm().size() == 1; }));
  broker_ = std::make_unique<FakeBroker>(credentials_, port);
  EXPECT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
}

TEST_F(ProgramTest, OldEpochIsRefusedAlsoAfterARestart) {
  desire(wire::DesiredDesktop::ON, 5);
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  host_.end(SIGKILL);
  broker_->clear();
  start_host();
  desire(wire::DesiredDesktop::DELETED, 4);
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_EQ(open_display(4).failed().code(), to_string(Errc::kAlreadyExists));
  EXPECT_EQ(vm().size(), 1U);
}

TEST_F(ProgramTest, DamagedImageFailsWithASentence) {
  std::ofstream(image_.images() / "test/kernel", std::ios::app) << "x";
  desire(wire::DesiredDesktop::ON);
  ASSERT_TRUE(broker_->wait_state(wire::DESKTOP_STATE_FAILED));
  EXPECT_THAT(broker_->actual().desktops(0).detail(), HasSubstr("kernel does not have the digest"));
  EXPECT_TRUE(vm().empty());
}

TEST_F(ProgramTest, DeletedTakesTheDiskAlong) {
  run_desktop();
  const auto disk = image_.dir() / ("state/disks/" + id_ + ".qcow2");
  EXPECT_TRUE(std::filesystem::exists(disk));
  desire(wire::DesiredDesktop::DELETED);
  EXPECT_TRUE(eventually([&] { return vm().empty() && !std::filesystem::exists(disk); }));
  EXPECT_TRUE(eventually([&] { return broker_->actual().desktops_size() == 0; }));
}

TEST_F(ProgramTest, GarbageAtTheFrontIsClosedAndHarmsNobody) {
  run_desktop();
  EXPECT_EQ(connect_to_front(front_, std::string(65536, 'x')), "");
  EXPECT_EQ(connect_to_front(front_, std::string("\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00", 11)).size(), 19U);
  EXPECT_EQ(connect_to_front(front_, connection_request("short")), "");
  EXPECT_NE(session(), "");
}

}  // namespace
}  // namespace tobari::vmhost
