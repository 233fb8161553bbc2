// SPDX-License-Identifier: GPL-3.0-or-later
// The pointer that a real client shows is the desktop's, whatever its size, and one that it has seen costs it nothing.
#include <gtest/gtest.h>

#include "headless_client.h"
#include "rdp_server.h"
#include "support/pointer_desktop.h"

namespace tobari::display::testing {
namespace {

constexpr Size kPointerSize{640, 480};

class Pointers : public ::testing::TestWithParam<const char*> {
 protected:
  Pointers() {
    auto source = std::make_unique<PointerDesktop>(kPointerSize);
    desktop = source.get();
    server.session().set_source(std::move(source));
    server.arm("ticket-1");
    client.emplace(server.port(), HeadlessClient::Arguments{"/u:x", "/p:ticket-1", "/size:640x480", GetParam()});
  }
  [[nodiscard]] bool shows(const CursorShape& shape) {
    return client->wait_pointer([&shape](const HeadlessClient::Pointer& p) { return p.shape == shape; });
  }

  RdpServer server{"card", kPointerSize};
  PointerDesktop* desktop = nullptr;
  std::optional<HeadlessClient> client;
};

TEST_P(Pointers, OfEverySizeAreExact) {
  ASSERT_TRUE(client->wait_connected());
  std::uint32_t number = 0;
  for (const Size size : {Size{16, 16}, Size{32, 32}, Size{64, 64}, Size{33, 47}, Size{96, 96}, Size{97, 97},
                          Size{128, 128}, Size{255, 256}, Size{384, 384}, Size{1, 1}}) {
    const CursorShape shape = numbered_pointer(size, ++number);
    desktop->set(shape);
    EXPECT_TRUE(shows(shape)) << size.width << "x" << size.height;
  }
}

TEST_P(Pointers, AnAnimationIsSentOnce) {
  ASSERT_TRUE(client->wait_connected());
  constexpr std::uint32_t kShapes = 8;
  for (int round = 0; round < 5; ++round) {
    for (std::uint32_t i = 1; i <= kShapes; ++i) {
      const CursorShape shape = numbered_pointer({48, 48}, i);
      desktop->set(shape);
      ASSERT_TRUE(shows(shape)) << round << "/" << i;
    }
  }
  // Whatever it was shown at first, the animation was made once.
  EXPECT_LE(client->pointer().made, kShapes + 2);
}

TEST_P(Pointers, AStormEndsWithTheNewest) {
  ASSERT_TRUE(client->wait_connected());
  constexpr std::uint32_t kStorm = 10'000;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 1; i <= kStorm; ++i) desktop->set(numbered_pointer({64, 64}, i));
  EXPECT_TRUE(shows(numbered_pointer({64, 64}, kStorm)));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LE(client->pointer().made, static_cast<std::size_t>(took / std::chrono::milliseconds(16)) + 4);
}

INSTANTIATE_TEST_SUITE_P(Rdp, Pointers, ::testing::Values("/gfx:RFX", HeadlessClient::kWithoutPipeline),
                         [](const auto& p) { return p.index == 0 ? "Graphics" : "Legacy"; });

}  // namespace
}  // namespace tobari::display::testing
