// SPDX-License-Identifier: GPL-3.0-or-later
// Several monitors of a real client, over the real line.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "headless_client.h"
#include "memory.h"
#include "rdp_server.h"
#include "session/burst_limit.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;
using tobari::testing::memory_held_mib;

Monitor monitor(const Rect& place, bool primary = false) {
  Monitor m;
  m.place = place;
  m.primary = primary;
  return m;
}

// The primary one is at the right: what is left of it has negative coordinates. Each has another size.
const std::vector<Monitor> kFour{monitor({0, 0, 640, 480}, true), monitor({-800, -300, 800, 600}),
                                 monitor({0, -360, 640, 360}), monitor({-800, 300, 800, 400})};

policy::Grant resizing() {
  policy::Grant grant;
  grant.channels.push_back({"resize", "a-rule"});
  return grant;
}

struct Kind {
  const char* name;
  std::vector<std::string> arguments;
};

bool shows(const FrameView& desktop, const Canvas& picture, const Rect& place) {
  if (intersect(place, bounds(desktop.size)) != place || picture.size() != Size{place.width, place.height})
    return false;
  return same_picture({desktop.at(place.x, place.y), picture.size(), desktop.stride}, picture.view());
}

bool black(const FrameView& desktop, Point p) {
  return (*desktop.at(p.x, p.y) | *(desktop.at(p.x, p.y) + 1)) == std::byte{0};
}

class Monitors : public ::testing::TestWithParam<Kind> {
 protected:
  HeadlessClient::Arguments arguments() const {
    HeadlessClient::Arguments all{"/u:somebody", "/p:ticket-1", "/dynamic-resolution"};
    all.insert(all.end(), GetParam().arguments.begin(), GetParam().arguments.end());
    return all;
  }
};

std::vector<Rect> places_of(const std::vector<Monitor>& monitors) {
  std::vector<Rect> all;
  const MonitorLayout layout = MonitorLayout::create(monitors).value().normalized();
  for (const Monitor& m : layout.monitors()) all.push_back(m.place);
  return all;
}

bool shows_cards(HeadlessClient& client, const std::vector<Rect>& places) {
  std::vector<TestPattern> cards;
  for (const Rect& place : places) cards.push_back(card({place.width, place.height}));
  return client.wait_picture([&](const FrameView& shown) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!shows(shown, cards[i].canvas(), places[i])) return false;
    }
    return true;
  });
}

TEST_P(Monitors, EachShowsItsOwnDesktop) {
  RdpServer server("card", {320, 240}, 10s, 4);
  server.arm("ticket-1", 60s, resizing());
  HeadlessClient client(server.port(), arguments(), kFour);
  const auto places = places_of(kFour);
  ASSERT_TRUE(shows_cards(client, places));
  // The desktop at the bottom right is clicked, and the key goes there.
  const Rect& last = places[3];
  client.mouse(0x9000, static_cast<std::uint16_t>(last.x + 7), static_cast<std::uint16_t>(last.y + 7));
  client.mouse(0x1000, static_cast<std::uint16_t>(last.x + 7), static_cast<std::uint16_t>(last.y + 7));
  client.press_key(0x1E);
  TestPattern expected = card({last.width, last.height});
  expected.echo(echo_cell({last.width, last.height}, Button::kLeft));
  expected.echo(echo_cell({last.width, last.height}, 0x1E, false));
  EXPECT_TRUE(client.wait_picture([&](const FrameView& s) { return shows(s, expected.canvas(), last); }));
}

TEST_P(Monitors, AreSideBySideInOneWindow) {
  RdpServer server("card", {320, 240}, 10s, 3);
  server.arm("ticket-1", 60s, resizing());
  auto one_window = arguments();
  one_window.emplace_back("/size:800x600");
  HeadlessClient client(server.port(), one_window);
  EXPECT_TRUE(shows_cards(client, {{0, 0, 320, 240}, {320, 0, 320, 240}, {0, 240, 320, 240}}));
  EXPECT_TRUE(client.wait_picture([](const FrameView& s) { return black(s, {500, 300}); })) << "where there is none";
}

INSTANTIATE_TEST_SUITE_P(Rdp, Monitors,
                         ::testing::Values(Kind{"Lossless", {"/gfx:RFX"}}, Kind{"Avc420", {"/gfx:AVC420"}},
                                           Kind{"Legacy", {HeadlessClient::kWithoutPipeline}}),
                         [](const auto& p) { return p.param.name; });

TEST(MonitorChange, ComesAndGoesWhileConnected) {
  RdpServer server("card", {320, 240}, 10s, 2);
  server.arm("ticket-1", 60s, resizing());
  const std::vector<Monitor> two{monitor({0, 0, 640, 480}, true), monitor({640, 0, 800, 600})};
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/dynamic-resolution", "/gfx:RFX"}, two);
  ASSERT_TRUE(shows_cards(client, places_of(two)));
  const std::vector<Monitor> moved{monitor({0, 0, 640, 480}, true), monitor({-480, 0, 480, 640})};
  ASSERT_TRUE(client.change_monitors(moved));
  EXPECT_TRUE(shows_cards(client, places_of(moved)));
  ASSERT_TRUE(client.change_monitors({monitor({0, 0, 1300, 1000}, true)}));
  EXPECT_TRUE(shows_cards(client, {{0, 0, 650, 1000}, {650, 0, 650, 1000}}));
}

// 240 a second. Each would be a new surface and a whole picture.
TEST(MonitorChange, AFloodOfThemCostsFewLayoutsAndEndsWithTheLast) {
  RdpServer server("card", {640, 480});
  server.arm("ticket-1", 60s, resizing());
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/dynamic-resolution", "/gfx:RFX", "/size:640x480"});
  ASSERT_TRUE(shows_cards(client, {{0, 0, 640, 480}}));
  ASSERT_TRUE(client.change_monitors({monitor({0, 0, 800, 600}, true)}));
  ASSERT_TRUE(shows_cards(client, {{0, 0, 800, 600}}));
  const auto flood = [&client](int last) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 240; ++i) {
      std::this_thread::sleep_until(begin + i * std::chrono::microseconds(1'000'000 / 240));
      ASSERT_TRUE(client.change_monitors({monitor({0, 0, 600 + i % 200, 500}, true)}));
    }
    ASSERT_TRUE(client.change_monitors({monitor({0, 0, last, 555}, true)}));
    EXPECT_TRUE(shows_cards(client, {{0, 0, last, 555}}));
  };
  // Caches and buffers, the client's among them, are as large as they become after five: 20 MiB more than after one,
  // and the same still after twenty-four.
  for (const int last : {780, 776, 780, 776, 780}) flood(last);
  const long before = memory_held_mib();
  const std::size_t resizes_before = client.resizes();
  const auto begin = std::chrono::steady_clock::now();
  flood(776);
  flood(780);
  const auto periods = (std::chrono::steady_clock::now() - begin) / BurstLimit::kPeriod + 2;
  EXPECT_LE(client.resizes() - resizes_before, static_cast<std::size_t>(periods) * BurstLimit::kBurst);
  EXPECT_LE(memory_held_mib() - before, 16);
}

// DISPLAYCONTROL_MONITOR_LAYOUT_PDU (MS-RDPEDISP 2.2.2.2) as data of the dynamic channel 1: FreeRDP's client would
// not send these.
std::vector<std::byte> layout_pdu(std::span<const Rect> places) {
  std::vector<std::byte> pdu{std::byte{0x30}, std::byte{1}};
  const auto put = [&pdu](std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) pdu.push_back(static_cast<std::byte>(value >> shift & 0xFF));
  };
  for (const std::size_t value : {std::size_t{2}, 16 + 40 * places.size(), std::size_t{40}, places.size()}) {
    put(static_cast<std::uint32_t>(value));
  }
  for (const Rect& place : places) {
    for (const int value : {1, place.x, place.y, place.width, place.height, 0, 0, 0, 100, 100}) {
      put(static_cast<std::uint32_t>(value));
    }
  }
  return pdu;
}

TEST(MonitorChange, AbsurdOnesByTheThousandCostNothing) {
  RdpServer server("card", {640, 480});
  server.arm("ticket-1", 60s, resizing());
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/dynamic-resolution", "/gfx:RFX", "/size:640x480"});
  ASSERT_TRUE(shows_cards(client, {{0, 0, 640, 480}}));
  const long before = memory_held_mib();
  const std::size_t resizes_before = client.resizes();
  constexpr int kFar = std::numeric_limits<int>::max();
  constexpr int kNear = std::numeric_limits<int>::min();
  const std::vector<std::vector<Rect>> absurd{std::vector<Rect>(16, {0, 0, 8000, 8000}),
                                              {{0, 0, 640, 480}, {10, 10, 640, 480}},
                                              {{0, 0, 640, 480}, {kFar - 10, 0, 640, 480}},
                                              {{kNear, kNear, 8192, 8192}},
                                              {{0, 0, 640, 480}, {30'000, 0, 8192, 480}},
                                              {{0, 0, 199, 8192}},
                                              {{0, 0, kFar, kFar}},
                                              {{0, 0, -640, -480}},
                                              {{0, 0, 8192, 8192}, {8192, 0, 8192, 8192}, {16'384, 0, 8192, 8192}}};
  for (std::size_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(client.send_on_static_channel("drdynvc", layout_pdu(absurd[i % absurd.size()])));
  }
  ASSERT_TRUE(client.change_monitors({monitor({0, 0, 700, 500}, true)}));
  EXPECT_TRUE(shows_cards(client, {{0, 0, 700, 500}})) << "and the session goes on";
  EXPECT_LE(client.resizes() - resizes_before, 1U);
  EXPECT_LE(memory_held_mib() - before, 16);
}

TEST(MonitorChange, AMalformedOneEndsTheSession) {
  RdpServer server("card", {640, 480});
  server.arm("ticket-1", 60s, resizing());
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/dynamic-resolution", "/gfx:RFX", "/size:640x480"});
  ASSERT_TRUE(shows_cards(client, {{0, 0, 640, 480}}));
  const Rect one{0, 0, 640, 480};
  auto pdu = layout_pdu({&one, 1});
  pdu[14] = std::byte{0xFF};  // so many monitors would be in it
  ASSERT_TRUE(client.send_on_static_channel("drdynvc", pdu));
  const auto closed = server.wait_closed(0);
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->reason.code, Errc::kPeerProtocol) << describe(closed->reason);
}

}  // namespace
}  // namespace tobari::display::testing
