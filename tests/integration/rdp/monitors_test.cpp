// SPDX-License-Identifier: GPL-3.0-or-later
// Several monitors of a real client, over the real line.
#include <gtest/gtest.h>

#include "headless_client.h"
#include "rdp_server.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;

Monitor monitor(const Rect& place, bool primary = false) {
  Monitor m;
  m.place = place;
  m.primary = primary;
  return m;
}

// The primary one is at the right: what is left of it has negative coordinates. Each has another size.
const std::vector<Monitor> kFour{monitor({0, 0, 640, 480}, true), monitor({-800, -300, 800, 600}),
                                 monitor({0, -360, 640, 360}), monitor({-800, 300, 800, 400})};

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
  server.arm("ticket-1");
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
  server.arm("ticket-1");
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
  server.arm("ticket-1");
  const std::vector<Monitor> two{monitor({0, 0, 640, 480}, true), monitor({640, 0, 800, 600})};
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/dynamic-resolution", "/gfx:RFX"}, two);
  ASSERT_TRUE(shows_cards(client, places_of(two)));
  const std::vector<Monitor> moved{monitor({0, 0, 640, 480}, true), monitor({-480, 0, 480, 640})};
  ASSERT_TRUE(client.change_monitors(moved));
  EXPECT_TRUE(shows_cards(client, places_of(moved)));
  ASSERT_TRUE(client.change_monitors({monitor({0, 0, 1300, 1000}, true)}));
  EXPECT_TRUE(shows_cards(client, {{0, 0, 650, 1000}, {650, 0, 650, 1000}}));
}

TEST(MonitorChange, AbsurdOnesAreIgnored) {
  RdpServer server("card", {640, 480});
  server.arm("ticket-1");
  HeadlessClient client(server.port(), {"/u:x", "/p:ticket-1", "/dynamic-resolution", "/gfx:RFX", "/size:640x480"});
  ASSERT_TRUE(shows_cards(client, {{0, 0, 640, 480}}));
  ASSERT_TRUE(client.change_monitors({monitor({0, 0, 640, 480}, true), monitor({10, 10, 640, 480})}));
  ASSERT_TRUE(client.change_monitors(std::vector<Monitor>(16, monitor({0, 0, 8000, 8000}))));
  ASSERT_TRUE(client.change_monitors({monitor({0, 0, 1000, 700}, true)}));
  EXPECT_TRUE(shows_cards(client, {{0, 0, 1000, 700}})) << "and the session goes on";
}

}  // namespace
}  // namespace tobari::display::testing
