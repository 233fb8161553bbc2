// SPDX-License-Identifier: GPL-3.0-or-later
// The host agent is killed while a real RDP client looks at a moving picture: real agent, keeper and display process;
// the machine (FakeQemu) and the broker are this test's. The client has one TCP connection and never makes another.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <format>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <spawn.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <tobari/net/tcp_socket.h>

#include "../../unit/vmhost/test_image.h"
#include "../vmhost/fake_broker.h"
#include "../vmhost/processes.h"
#include "daemon/admission.h"
#include "fake_qemu.h"
#include "headless_client.h"
#include "host/unix_socket.h"
#include "keeper/keeper_line.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using display::FakeQemu;
using display::FrameView;
using display::testing::HeadlessClient;
using Steady = std::chrono::steady_clock;

constexpr int kWidth = 640;
constexpr int kHeight = 480;
constexpr unsigned kStride = kWidth * 4;
constexpr unsigned kFormat = 0x20020888;  // x8r8g8b8 (pixman)
constexpr std::size_t kBytes = std::size_t{kStride} * kHeight;
constexpr int kSide = 64;
constexpr int kInheritedDisplay = 9;
constexpr const char* kTicket = "the ticket";

// Never the same twice.
constexpr std::uint32_t colour(std::uint32_t number) { return number * 0x010305U & 0xFFFFFFU; }

// A machine whose picture changes fifty times a second.
class MovingMachine {
 public:
  MovingMachine() : memory_(::memfd_create("picture", MFD_CLOEXEC)) {
    EXPECT_EQ(::ftruncate(memory_.get(), static_cast<off_t>(kBytes)), 0);
    void* const at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
    EXPECT_NE(at, MAP_FAILED);
    pixels_ = static_cast<std::uint32_t*>(at);
  }
  ~MovingMachine() {
    thread_ = {};
    ::munmap(pixels_, kBytes);
  }
  MovingMachine(const MovingMachine&) = delete;
  MovingMachine& operator=(const MovingMachine&) = delete;

  [[nodiscard]] UniqueFd take_display() { return qemu_.take_client_fd(); }
  // Somebody listens by now.
  void begin() {
    ASSERT_TRUE(qemu_.wait_for_listener());
    ASSERT_EQ(qemu_.scanout_map(memory_.get(), 0, kWidth, kHeight, kStride, kFormat), "");
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        draw();
        std::this_thread::sleep_for(20ms);
      }
    });
  }
  [[nodiscard]] std::uint32_t drawn() const { return number_; }
  // Which of the pictures after `base` this is; nothing: none of them.
  [[nodiscard]] std::optional<std::uint32_t> number_of(const FrameView& seen, std::uint32_t base) const {
    if (seen.size.width != kWidth || seen.size.height != kHeight) return std::nullopt;
    std::uint32_t pixel = 0;
    std::memcpy(&pixel, seen.at(kSide / 2, kSide / 2), sizeof pixel);
    for (std::uint32_t each = base + 1; each <= number_; ++each) {
      if (colour(each) == (pixel & 0xFFFFFFU)) return each;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t keys() { return qemu_.calls_so_far(); }
  [[nodiscard]] bool wait_key(std::size_t beyond) { return qemu_.wait_for_calls(beyond + 1).size() > beyond; }

 private:
  void draw() {
    const std::uint32_t next = number_ + 1;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) pixels_[y * kWidth + x] = colour(next);
    }
    number_ = next;
    qemu_.send_update_map(0, 0, kSide, kSide);
  }

  UniqueFd memory_;
  std::uint32_t* pixels_ = nullptr;
  std::atomic<std::uint32_t> number_ = 0;
  FakeQemu qemu_;
  std::jthread thread_;
};

class RestartsTest : public ::testing::Test {
 protected:
  RestartsTest() : broker_(grpc::InsecureServerCredentials()) {
    for (const char* name : {"agents", "disks"}) std::filesystem::create_directories(image_.dir() / name);
    const auto probe = net::listen_tcp({"127.0.0.1", 0});
    front_ = *net::local_endpoint(probe->get());
  }
  ~RestartsTest() override {
    kill_agent();
    const auto loop = Loop::create().value();
    if (const auto keeper = KeeperLine::create(*loop, {.socket = image_.dir() / "keeper.sock"})) (*keeper)->end();
  }

  void start_agent(UniqueFd display = UniqueFd()) {
    std::vector<std::string> words{TOBARI_RESTARTS_AGENT,
                                   image_.dir().path(),
                                   image_.images(),
                                   std::to_string(broker_.port()),
                                   std::to_string(front_.port),
                                   TOBARI_KEEPER,
                                   TOBARI_DISPLAY,
                                   std::to_string(hold_),
                                   id_};
    if (display) words.push_back(std::to_string(kInheritedDisplay));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (display) posix_spawn_file_actions_adddup2(&actions, display.get(), kInheritedDisplay);
    ASSERT_EQ(::posix_spawn(&agent_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_TRUE(broker_.wait([](const auto& m) { return m.has_hello(); }));
  }
  void kill_agent() {
    if (agent_ <= 0) return;
    ::kill(agent_, SIGKILL);
    ::waitpid(agent_, nullptr, 0);
    agent_ = -1;
    broker_.clear();
  }

  void desire() {
    wire::DesiredState state;
    wire::DesiredDesktop& desktop = *state.add_desktops();
    desktop.set_desktop_id(id_);
    desktop.set_epoch(1);
    desktop.set_name("alice-1");
    desktop.set_image("test");
    desktop.set_vcpus(1);
    desktop.set_memory_mib(64);
    desktop.set_heads(1);
    desktop.set_power(wire::DesiredDesktop::ON);
    broker_.desire(state);
  }
  // The display's certificate; empty: it was not opened.
  std::string open() {
    token_ = random_token();
    session_ = random_uuid();
    const auto hash = display::sha256(std::as_bytes(std::span(std::string_view(kTicket))));
    wire::ToHost message;
    wire::OpenDisplay& order = *message.mutable_open_display();
    order.set_request_id(random_uuid());
    order.set_desktop_id(id_);
    order.set_epoch(1);
    order.set_session_id(session_);
    order.set_routing_token_sha256(sha256(token_));
    order.set_ticket_sha256(hash.data(), hash.size());
    order.set_valid_seconds(60);
    broker_.send(message);
    const auto answer = broker_.wait([&](const wire::FromHost& m) {
      return m.display_opened().request_id() == order.request_id() || m.failed().request_id() == order.request_id();
    });
    return answer ? answer->display_opened().certificate_sha256() : std::string();
  }
  std::unique_ptr<HeadlessClient> connect() {
    return std::make_unique<HeadlessClient>(
        front_.port, HeadlessClient::Arguments{"/u:x", std::format("/p:{}", kTicket), "/size:640x480", "/gfx:RFX",
                                               "/load-balance-info:Cookie: msts=" + token_});
  }
  bool moves(HeadlessClient& client, std::chrono::milliseconds within = 15s) {
    const std::uint32_t base = machine_.drawn();
    return client.wait_picture([&](const FrameView& seen) { return machine_.number_of(seen, base).has_value(); },
                               within);
  }
  bool types(HeadlessClient& client) {
    const std::size_t before = machine_.keys();
    client.press_key(0x1E);
    return machine_.wait_key(before);
  }
  static bool lives(HeadlessClient& client) { return !client.wait_ended(0ms); }
  bool told(wire::SessionEvent::Kind kind, std::chrono::seconds within = 20s) {
    return broker_
        .wait([&](const auto& m) { return m.session().session_id() == session_ && m.session().kind() == kind; }, within)
        .has_value();
  }
  // A client that sees the machine move.
  std::unique_ptr<HeadlessClient> shown() {
    start_agent(machine_.take_display());
    desire();
    EXPECT_TRUE(eventually([&] { return !(certificate_ = open()).empty(); }));
    machine_.begin();
    auto client = connect();
    EXPECT_TRUE(client->wait_connected());
    EXPECT_TRUE(told(wire::SessionEvent::CONNECTED));
    EXPECT_TRUE(moves(*client));
    EXPECT_TRUE(types(*client));
    return client;
  }

  int hold_ = 60;
  TestImage image_;
  const std::string id_ = random_uuid();
  FakeBroker broker_;
  MovingMachine machine_;
  net::Endpoint front_;
  pid_t agent_ = -1;
  std::string token_;
  std::string session_;
  std::string certificate_;
};

TEST_F(RestartsTest, AKilledAgentDisturbsNobodyAndTheNextOneGoesOn) {
  const auto client = shown();
  const std::string session = session_;
  kill_agent();
  EXPECT_TRUE(moves(*client)) << "there is no agent";
  EXPECT_TRUE(types(*client));
  const auto began = Steady::now();
  start_agent();
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  const auto back = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began);
  std::cout << "agent back with its displays after " << back.count() << " ms\n";
  EXPECT_TRUE(moves(*client));
  EXPECT_TRUE(types(*client));
  EXPECT_TRUE(lives(*client)) << "and it is the same connection";
  EXPECT_FALSE(told(wire::SessionEvent::DISCONNECTED, 0s));

  EXPECT_EQ(open(), certificate_) << "the same process serves whoever comes next";
  const auto next = connect();
  EXPECT_TRUE(next->wait_connected());
  EXPECT_TRUE(moves(*next));
  EXPECT_TRUE(client->wait_ended().has_value()) << "which takes it over";
  EXPECT_TRUE(broker_.wait([&](const auto& m) {
    return m.session().session_id() == session && m.session().kind() == wire::SessionEvent::DISCONNECTED;
  }));
}

TEST_F(RestartsTest, EveryFewSecondsAllTheTime) {
  const auto client = shown();
  for (int i = 0; i < 5; ++i) {
    kill_agent();
    EXPECT_TRUE(moves(*client)) << i;
    start_agent();
    EXPECT_TRUE(types(*client)) << i;
  }
  EXPECT_TRUE(moves(*client));
  EXPECT_TRUE(lives(*client));
}

TEST_F(RestartsTest, WhoComesMeanwhileWaitsForTheNextAgent) {
  static_cast<void>(shown());
  ASSERT_EQ(open(), certificate_);
  kill_agent();
  const auto client = connect();
  EXPECT_FALSE(client->wait_connected(1s)) << "its connection is taken, and nobody answers yet";
  EXPECT_TRUE(lives(*client)) << "nor is it refused";
  start_agent();
  EXPECT_TRUE(client->wait_connected());
  EXPECT_TRUE(moves(*client));
}

TEST_F(RestartsTest, AnAgentThatDoesNotComeBackEndsEverything) {
  hold_ = 5;
  const auto client = shown();
  const auto displays = children_named("tobari-display", agent_);
  ASSERT_EQ(displays.size(), 1U);
  kill_agent();
  EXPECT_TRUE(client->wait_ended(30s).has_value());
  EXPECT_TRUE(eventually([&] { return has_ended(displays.front()); }));
  EXPECT_TRUE(eventually([&] { return !connect_unix(image_.dir() / "keeper.sock", SOCK_SEQPACKET).has_value(); }))
      << "the keeper has ended too";
}

TEST_F(RestartsTest, AKeeperThatDiesIsMissedByNobodyButTheNextAgent) {
  const auto client = shown();
  const auto keepers = children_named("tobari-keeper", agent_);
  ASSERT_EQ(keepers.size(), 1U);
  ::kill(keepers.front(), SIGKILL);
  EXPECT_TRUE(moves(*client));
  EXPECT_TRUE(types(*client));
  EXPECT_TRUE(lives(*client));
}

}  // namespace
}  // namespace tobari::vmhost
