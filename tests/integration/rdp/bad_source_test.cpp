// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops that lie, die or flood, while a real client looks at them: it is told, it stays, and the next desktop is
// shown to it.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <utility>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "capture/damage_batch.h"
#include "capture/qemu_dbus_source.h"
#include "fake_qemu.h"
#include "headless_client.h"
#include "memory.h"
#include "rdp_server.h"
#include "session/notice.h"

namespace tobari::display::testing {
namespace {

using tobari::testing::memory_held_mib;

constexpr Size kBadSize{640, 480};
constexpr unsigned kStride = 640 * 4;
constexpr unsigned kFormat = 0x20020888;
constexpr std::size_t kBytes = std::size_t{kStride} * 480;

UniqueFd memory(std::size_t bytes) {
  UniqueFd fd(::memfd_create("picture", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(bytes)), 0);
  return fd;
}

// What a machine does, once it shows a picture.
struct Misdeed {
  const char* name;
  void (*commit)(FakeQemu& qemu, const UniqueFd& picture);
};

const Misdeed kMisdeeds[]{
    {"AFileShorterThanThePicture",
     [](FakeQemu& qemu, const UniqueFd&) {
       const UniqueFd fd = memory(kBytes - 1);
       EXPECT_NE(qemu.scanout_map(fd.get(), 0, 640, 480, kStride, kFormat), "");
     }},
    {"AnOffsetBeyondTheFile",
     [](FakeQemu& qemu, const UniqueFd& picture) {
       EXPECT_NE(qemu.scanout_map(picture.get(), 0xFFFFFFFC, 640, 480, kStride, kFormat), "");
     }},
    {"RowsThatOverlap",
     [](FakeQemu& qemu, const UniqueFd& picture) {
       EXPECT_NE(qemu.scanout_map(picture.get(), 0, 640, 480, 4, kFormat), "");
     }},
    {"PixelsThatAreNotThere",
     [](FakeQemu& qemu, const UniqueFd&) { EXPECT_NE(qemu.scanout(16384, 16384, 16384 * 4, kFormat, 4096, 0), ""); }},
    {"MemoryTakenAway",
     [](FakeQemu& qemu, const UniqueFd& picture) {
       EXPECT_EQ(::ftruncate(picture.get(), 0), 0);
       // It is found out by reading, and said when the picture is asked for again: until nobody listens any more.
       const auto draws = [&qemu] {
         return qemu.call("org.qemu.Display1.Listener.Unix.Map", "UpdateMap", g_variant_new("(iiii)", 0, 0, 640, 480));
       };
       const auto until = std::chrono::steady_clock::now() + HeadlessClient::kLimit;
       while (draws().empty() && std::chrono::steady_clock::now() < until) continue;
     }},
    {"HangingUp", [](FakeQemu& qemu, const UniqueFd&) { qemu.hang_up(); }},
};

class BadMachine : public ::testing::TestWithParam<Misdeed> {
 protected:
  static bool shows(HeadlessClient& client, const Canvas& picture) {
    return client.wait_picture([&picture](const FrameView& seen) { return same_picture(seen, picture.view()); });
  }
};

TEST_P(BadMachine, EndsItsDesktopAndNothingElse) {
  RdpServer server("card", kBadSize);
  FakeQemu qemu;
  server.session().set_source(QemuDbusSource::create(qemu.take_client_fd(), {}).value());
  server.arm("t");
  ASSERT_TRUE(qemu.wait_for_listener());
  const UniqueFd picture = memory(kBytes);
  ASSERT_EQ(qemu.scanout_map(picture.get(), 0, 640, 480, kStride, kFormat), "");
  HeadlessClient client(server.port(), {"/u:x", "/p:t", "/size:640x480", "/gfx:RFX"});
  Canvas black(kBadSize);
  black.fill(bounds(kBadSize), 0xFF000000);
  ASSERT_TRUE(shows(client, black));

  GetParam().commit(qemu, picture);
  EXPECT_TRUE(shows(client, draw_notice(kBadSize, "THIS DESKTOP HAS ENDED")));
  server.session().set_source(TestPatternSource::make("card", kBadSize).value());
  EXPECT_TRUE(shows(client, card(kBadSize).canvas()));
  EXPECT_EQ(server.connected(), 1U) << "it is the same connection";
}

INSTANTIATE_TEST_SUITE_P(Rdp, BadMachine, ::testing::ValuesIn(kMisdeeds),
                         [](const auto& p) { return std::string(p.param.name); });

// Its thread is the test's.
class Storm final : public FramebufferSource {
 public:
  [[nodiscard]] Result<void> start(SourceEvents& events) override {
    events.on_surface(kBadSize);
    {
      const std::scoped_lock lock(mutex_);
      events_ = &events;
    }
    started_.notify_all();
    return {};
  }
  void stop() noexcept override {
    const std::scoped_lock lock(mutex_);
    events_ = nullptr;
  }
  // So many rectangles, a batch at a time as sources tell them; in each of them a pixel changes.
  void rage(std::size_t rectangles) {
    {
      std::unique_lock lock(mutex_);
      started_.wait(lock, [this] { return events_ != nullptr; });
    }
    DamageBatch batch;
    for (std::size_t i = 0; i < rectangles; ++i) {
      const int x = static_cast<int>(random_() % 620);
      const int y = static_cast<int>(random_() % 460);
      const Rect rect{x, y, 1 + static_cast<int>(random_() % 20), 1 + static_cast<int>(random_() % 20)};
      batch.add(rect);
      const std::scoped_lock lock(mutex_);
      drawn_.at(x, y) = static_cast<std::uint32_t>(random_());
      if (!batch.full()) continue;
      events_->on_damage(batch.rects());
      batch.clear();
    }
    const std::scoped_lock lock(mutex_);
    events_->on_damage(batch.rects());
  }
  [[nodiscard]] Canvas drawn() {
    const std::scoped_lock lock(mutex_);
    return drawn_;
  }
  [[nodiscard]] Result<FrameView> acquire(const Region& /*wanted*/) override {
    const std::scoped_lock lock(mutex_);
    lent_ = drawn_;
    return lent_.view();
  }
  [[nodiscard]] Result<void> request_mode(const SourceMode& /*mode*/) override { return {}; }
  [[nodiscard]] InputSink& input() noexcept override { return input_; }

 private:
  class NoInput final : public InputSink {
   public:
    void key(const KeyEvent& /*event*/) override {}
    void move(const PointerMove& /*event*/) override {}
    void button(const PointerButton& /*event*/) override {}
    void set_locks(const LockState& /*locks*/) override {}
    void release_all() override {}
  };
  std::mutex mutex_;
  std::condition_variable started_;
  SourceEvents* events_ = nullptr;
  Canvas drawn_{kBadSize};
  Canvas lent_{kBadSize};
  NoInput input_;
  std::minstd_rand random_{5};
};

constexpr int kMostRounds = 30;

class DamageStorm : public ::testing::TestWithParam<const char*> {};

// What is drawn is noise, the worst for every encoder: nothing of it may be kept back because it does not compress.
TEST_P(DamageStorm, OfAMillionRectanglesIsOneRegionAndTheNewestPicture) {
  RdpServer server("card", kBadSize);
  auto source = std::make_unique<Storm>();
  Storm& storm = *source;
  server.session().set_source(std::move(source));
  server.arm("t");
  HeadlessClient client(server.port(), {"/u:x", "/p:t", "/size:640x480", GetParam()});
  ASSERT_TRUE(client.wait_picture([](const FrameView& seen) { return seen.size == kBadSize; }));
  const auto shown = [&client, &storm] {
    const Canvas last = storm.drawn();
    return client.wait_picture([&last](const FrameView& seen) { return same_picture(seen, last.view()); });
  };
  // Until buffers have the size that they need, and the client's cache of tiles, in this process, is full.
  long before = 0;
  for (int round = 0, quiet = 0; round < kMostRounds && quiet < 3; ++round) {
    storm.rage(100'000);
    ASSERT_TRUE(shown());
    const long now = memory_held_mib();
    quiet = now > before ? 0 : quiet + 1;
    before = std::max(before, now);
  }
  storm.rage(1'000'000);
  EXPECT_TRUE(shown());
  EXPECT_LE(memory_held_mib() - before, client.graphics_pipeline() ? 32 : 8);
}

INSTANTIATE_TEST_SUITE_P(Rdp, DamageStorm, ::testing::Values("/gfx:RFX", HeadlessClient::kWithoutPipeline),
                         [](const auto& p) { return p.index == 0 ? "Graphics" : "Legacy"; });

}  // namespace
}  // namespace tobari::display::testing
