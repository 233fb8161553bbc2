// SPDX-License-Identifier: GPL-3.0-or-later
// A simulated host and its displays, with a broker that is played: as the real agent over real mTLS.
#include <gtest/gtest.h>

#include "../../integration/vmhost/fake_broker.h"
#include "../../integration/vmhost/front_client.h"
#include "../../integration/vmhost/identity.h"
#include "../../integration/vmhost/processes.h"
#include "host/files.h"
#include "simulated_agent.h"
#include "small_image.h"

namespace tobari::vmhost {
namespace {

class SimulatedHostTest : public ::testing::Test {
 protected:
  SimulatedHostTest() : broker_(make_identity(dir_)) {
    ::setenv("PATH", (std::string(TOBARI_SIMULATED_TOOLS) + ":" + ::getenv("PATH")).c_str(), 1);
    EXPECT_TRUE(make_small_image(dir_ / "images", kSmallImage));
    displays_.start({TOBARI_SIMULATED_DISPLAY, (dir_ / "displays").string()});
    EXPECT_TRUE(eventually([this] { return std::filesystem::exists(dir_ / "displays"); }));
  }
  void start() {
    SimulatedHostOptions options;
    options.name = "host-1";
    options.folder = dir_.path();
    options.images = dir_ / "images";
    options.brokers = {"127.0.0.1:" + std::to_string(broker_.port())};
    options.display_socket = (dir_ / "displays").string();
    auto host = SimulatedHost::start(std::move(options));
    ASSERT_TRUE(host) << describe(host.error());
    host_ = *std::move(host);
  }
  void desire(wire::DesiredDesktop::Power power) {
    wire::DesiredState state;
    wire::DesiredDesktop& desktop = *state.add_desktops();
    desktop.set_desktop_id(id_);
    desktop.set_epoch(1);
    desktop.set_name("alice-1");
    desktop.set_image(kSmallImage);
    desktop.set_vcpus(2);
    desktop.set_memory_mib(512);
    desktop.set_heads(1);
    desktop.set_power(power);
    broker_.desire(state);
  }
  // Until it is no more "the display process is starting".
  std::optional<wire::FromHost> open_display() {
    wire::ToHost message;
    wire::OpenDisplay& open = *message.mutable_open_display();
    open.set_request_id(random_uuid());
    open.set_desktop_id(id_);
    open.set_epoch(1);
    open.set_session_id(session_);
    open.set_routing_token_sha256(sha256(token_));
    open.set_ticket_sha256(std::string(32, 't'));
    open.set_valid_seconds(60);
    broker_.send(message);
    return broker_.wait([&](const wire::FromHost& m) {
      return m.display_opened().request_id() == open.request_id() || m.failed().request_id() == open.request_id();
    });
  }
  [[nodiscard]] std::string machines() const { return read_small_file(dir_ / "machines", 65536).value_or(""); }

  const TempDir dir_;
  FakeBroker broker_;
  Process displays_;
  std::unique_ptr<SimulatedHost> host_;
  const std::string id_ = random_uuid();
  const std::string session_ = random_uuid();
  const std::string token_ = random_token();
};

TEST_F(SimulatedHostTest, RunsADesktopAndShowsIt) {
  start();
  const auto hello = broker_.wait([](const wire::FromHost& m) { return m.has_hello(); });
  ASSERT_TRUE(hello);
  ASSERT_EQ(hello->hello().images_size(), 1);
  EXPECT_EQ(hello->hello().images(0).name(), kSmallImage);
  desire(wire::DesiredDesktop::ON);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_TRUE(machines().contains(" up " + id_)) << machines();
  const auto opened = open_display();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->has_display_opened()) << opened->failed().message();
  EXPECT_EQ(opened->display_opened().certificate_sha256().size(), 64U);
  const net::Endpoint front{hello->hello().front_address(), static_cast<std::uint16_t>(hello->hello().front_port())};
  EXPECT_EQ(connect_to_front(front, connection_request(token_)), "desktop " + id_ + " session " + session_ + "\n");
  const auto connected = broker_.wait([](const wire::FromHost& m) { return m.has_session(); });
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->session().kind(), wire::SessionEvent::CONNECTED);
}

TEST_F(SimulatedHostTest, MachinesOutliveTheirAgent) {
  start();
  desire(wire::DesiredDesktop::ON);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  const std::string before = machines();
  host_.reset();
  EXPECT_EQ(machines(), before) << "an agent that ends leaves what runs";
  broker_.clear();
  start();
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_EQ(machines(), before) << "it was not started twice";
  desire(wire::DesiredDesktop::DELETED);
  EXPECT_TRUE(broker_.wait([](const wire::FromHost& m) { return m.has_actual() && m.actual().desktops_size() == 0; }));
  EXPECT_TRUE(machines().contains(" down " + id_)) << machines();
}

}  // namespace
}  // namespace tobari::vmhost
