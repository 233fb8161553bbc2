// SPDX-License-Identifier: GPL-3.0-or-later
// QemuDbusSource against a peer that does what QEMU would not. What QEMU does is in tests/integration/qemu_display.
#include "capture/qemu_dbus_source.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "capture/qemu_input.h"
#include "contract/framebuffer_source/picture.h"
#include "contract/framebuffer_source/recorder.h"
#include "fake_qemu.h"

namespace tobari::display {
namespace {

using ::testing::ElementsAre;

constexpr unsigned kFormat = 0x20020888;
constexpr const char* kUnsupported = "org.qemu.Display1.Error.Unsupported";

UniqueFd shared_memory(std::size_t size) {
  UniqueFd fd(memfd_create("picture", MFD_CLOEXEC));
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

class QemuDbusSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    source_ = *QemuDbusSource::create(qemu_.take_client_fd(), {});
    ASSERT_TRUE(source_->start(events_).has_value());
    ASSERT_TRUE(qemu_.wait_for_listener());
  }
  void TearDown() override { source_->stop(); }

  void show(Size size) {
    picture_ = shared_memory(static_cast<std::size_t>(size.area()) * 4);
    const auto width = static_cast<unsigned>(size.width);
    ASSERT_EQ(qemu_.scanout_map(picture_.get(), 0, width, static_cast<unsigned>(size.height), width * 4, kFormat), "");
    ASSERT_TRUE(
        events_.wait([size](const auto& seen) { return !seen.surfaces.empty() && seen.surfaces.back() == size; }));
  }

  void expect_lost(Errc code) {
    ASSERT_TRUE(events_.wait([](const auto& seen) { return !seen.losses.empty(); }));
    EXPECT_EQ(events_.seen().losses.front().code, code) << events_.seen().losses.front().message;
  }

  Recorder events_;
  FakeQemu qemu_;
  UniqueFd picture_;
  std::unique_ptr<QemuDbusSource> source_;
};

TEST_F(QemuDbusSourceTest, OffersTheSharedMap) {
  EXPECT_THAT(qemu_.listener_interfaces(), ElementsAre("org.qemu.Display1.Listener.Unix.Map"));
}

TEST_F(QemuDbusSourceTest, ASharedPictureIsSeenWithoutAnUpdate) {
  show({64, 48});
  const std::uint32_t colour = 0x00123456;
  ASSERT_EQ(pwrite(picture_.get(), &colour, 4, (10 * 64 + 7) * 4), 4);
  const auto view = source_->acquire(Region({7, 10, 1, 1}));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(keep(*view).at(7, 10), colour);
}

TEST_F(QemuDbusSourceTest, SeveralHeadsShareOneFileWhoseLastRowIsShort) {
  const UniqueFd fd = shared_memory(5464 + 767 * 12760 + 1366 * 4);
  EXPECT_EQ(qemu_.scanout_map(fd.get(), 5464, 1366, 768, 12760, kFormat), "");
  ASSERT_TRUE(events_.wait_for_surface());
  const auto view = source_->acquire(Region{});
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->stride, 12760U);
  EXPECT_EQ(keep(*view).size, (Size{1366, 768}));
}

TEST_F(QemuDbusSourceTest, TheSameSizeAgainIsDamageAndNotASurface) {
  show({64, 48});
  events_.forget();
  show({64, 48});
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damaged == Rect{0, 0, 64, 48}; }));
  EXPECT_EQ(events_.seen().surfaces.size(), 1U);
}

TEST_F(QemuDbusSourceTest, AnOldViewStaysReadableWhenTheSurfaceIsReplaced) {
  show({64, 48});
  const auto old = source_->acquire(Region{});
  show({32, 16});
  EXPECT_EQ(qemu_.scanout(16, 16, 64, kFormat, 1024, 0x55), "");
  EXPECT_EQ(keep(*old).size, (Size{64, 48}));
  EXPECT_EQ(source_->acquire(Region{})->size, (Size{16, 16}));
}

TEST_F(QemuDbusSourceTest, CopiedPicturesAndUpdatesArriveWhereTheyBelong) {
  ASSERT_EQ(qemu_.scanout(20, 10, 96, kFormat, 9 * 96 + 80, 0x11), "");
  ASSERT_TRUE(events_.wait_for_surface());
  EXPECT_EQ(keep(*source_->acquire(Region{})).at(19, 9), 0x111111U);
  ASSERT_EQ(qemu_.update(18, 8, 5, 5, 20, 100, 0x77), "");  // beyond the corner
  const Picture picture = keep(*source_->acquire(Region({0, 0, 20, 10})));
  EXPECT_EQ(picture.at(18, 8), 0x777777U);
  EXPECT_EQ(picture.at(19, 9), 0x777777U);
  EXPECT_EQ(picture.at(17, 8), 0x111111U);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damaged == Rect{18, 8, 2, 2}; }));
}

TEST_F(QemuDbusSourceTest, AHundredThousandUpdatesAreFewEvents) {
  show({640, 480});
  events_.forget();
  events_.hold(true);  // as if the event thread were busy, so that the storm waits
  for (int i = 0; i < 100'000; ++i) qemu_.send_update_map(i % 600, i % 440, 7, 7);
  qemu_.send_update_map(639, 479, 5, 5);
  qemu_.flush();
  events_.hold(false);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return intersect(seen.damaged, {639, 479, 1, 1}).area() == 1; }));
  const auto seen = events_.seen();
  EXPECT_FALSE(seen.damage_outside);
  EXPECT_LT(seen.damages, 20'000U);
}

TEST_F(QemuDbusSourceTest, WildCoordinatesAreCut) {
  show({640, 480});
  events_.forget();
  qemu_.send_update_map(-2147483647, -2147483647, 2147483647, 2147483647);
  qemu_.send_update_map(630, 470, 2147483647, 2147483647);
  qemu_.send_update_map(5, 5, -1, -1);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  EXPECT_EQ(events_.seen().damaged, (Rect{630, 470, 10, 10}));
  EXPECT_FALSE(events_.seen().damage_outside);
}

TEST_F(QemuDbusSourceTest, AFormatOrSizeThatCannotBeShownIsRefusedAndTheSessionGoesOn) {
  show({64, 48});
  const UniqueFd fd = shared_memory(1 << 20);
  EXPECT_EQ(qemu_.scanout_map(fd.get(), 0, 64, 48, 128, 0x10020565), kUnsupported);
  EXPECT_EQ(qemu_.scanout_map(fd.get(), 0, 100'000, 2, 400'000, kFormat), kUnsupported);
  EXPECT_EQ(qemu_.scanout(64, 48, 128, 0x10020565, 128 * 48, 0), kUnsupported);
  EXPECT_EQ(qemu_.cursor(4000, 4000, 16, 0), kUnsupported);
  EXPECT_EQ(source_->acquire(Region{})->size, (Size{64, 48}));
  EXPECT_TRUE(events_.seen().losses.empty());
}

// In these the answer races with our hanging up: it is an error of one kind or the other.
TEST_F(QemuDbusSourceTest, AFileShorterThanThePictureEndsTheSession) {
  const UniqueFd fd = shared_memory(64 * 48 * 4 - 1);
  EXPECT_NE(qemu_.scanout_map(fd.get(), 0, 64, 48, 256, kFormat), "");
  expect_lost(Errc::kPeerProtocol);
}

TEST_F(QemuDbusSourceTest, AnOffsetBeyondTheFileEndsTheSession) {
  const UniqueFd fd = shared_memory(64 * 48 * 4);
  EXPECT_NE(qemu_.scanout_map(fd.get(), 0xFFFFFFFC, 64, 48, 256, kFormat), "");
  expect_lost(Errc::kPeerProtocol);
}

TEST_F(QemuDbusSourceTest, ADescriptorThatIsNoMemoryEndsTheSession) {
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(pipe(pipe_fds.data()), 0);
  const UniqueFd readable(pipe_fds[0]);
  const UniqueFd writable(pipe_fds[1]);
  EXPECT_NE(qemu_.scanout_map(readable.get(), 0, 64, 48, 256, kFormat), "");
  expect_lost(Errc::kPeerProtocol);
}

TEST_F(QemuDbusSourceTest, AMapWithoutADescriptorEndsTheSession) {
  EXPECT_NE(qemu_.scanout_map(-1, 0, 64, 48, 256, kFormat), "");
  expect_lost(Errc::kPeerProtocol);
}

TEST_F(QemuDbusSourceTest, PixelsThatAreNotThereEndTheSession) {
  EXPECT_NE(qemu_.scanout(64, 48, 256, kFormat, 100, 0), "");
  expect_lost(Errc::kPeerProtocol);
}

TEST_F(QemuDbusSourceTest, AnUpdateThatIsTooShortEndsTheSession) {
  ASSERT_EQ(qemu_.scanout(64, 48, 256, kFormat, 256 * 48, 0), "");
  EXPECT_NE(qemu_.update(0, 0, 64, 48, 256, 255, 0), "");
  expect_lost(Errc::kPeerProtocol);
}

// A memfd that is cut short while we read it would end the process by SIGBUS.
TEST_F(QemuDbusSourceTest, AFileCutShortUnderUsEndsTheSessionOnly) {
  show({640, 480});
  const auto view = source_->acquire(Region{});
  ASSERT_EQ(ftruncate(picture_.get(), 0), 0);
  EXPECT_EQ(keep(*view).at(600, 400), 0U);
  EXPECT_FALSE(source_->acquire(Region{}).has_value());
  expect_lost(Errc::kPeerProtocol);
}

TEST_F(QemuDbusSourceTest, PointerShapesAreToldOnce) {
  show({64, 48});
  ASSERT_EQ(qemu_.cursor(4, 4, 64, 0xFF), "");
  ASSERT_EQ(qemu_.cursor(4, 4, 64, 0xFF), "");
  ASSERT_EQ(qemu_.mouse(true), "");
  ASSERT_EQ(qemu_.mouse(true), "");
  ASSERT_EQ(qemu_.mouse(false), "");
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible == false; }));
  const auto seen = events_.seen();
  EXPECT_EQ(seen.shapes, 1U);
  EXPECT_EQ(std::ranges::count(seen.order, "visible"), 2);
  EXPECT_EQ(seen.shape->hotspot, (Point{1, 2}));
  EXPECT_EQ(seen.shape->argb.at(15), 0xFFFFFFFFU);
}

// Standard VGA's QEMU speaks of the pointer first.
TEST_F(QemuDbusSourceTest, APointerBeforeTheFirstPictureWaitsForIt) {
  ASSERT_EQ(qemu_.cursor(4, 4, 64, 0xFF), "");
  ASSERT_EQ(qemu_.mouse(true), "");
  EXPECT_TRUE(events_.seen().order.empty());
  show({64, 48});
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible.has_value(); }));
  EXPECT_THAT(events_.seen().order, ElementsAre("surface", "shape", "visible"));
}

TEST_F(QemuDbusSourceTest, InputArrivesInOrderInQemusNumbers) {
  show({640, 480});
  InputSink& input = source_->input();
  input.key({0x1E, false, true});
  input.key({0x1E, false, false});
  input.key({0x50, true, true});
  input.key({0x50, true, false});
  input.key({0x1F, false, false});  // never pressed
  input.move({{10, 20}});
  input.button({Button::kRight, true});
  input.button({Button::kRight, false});
  input.button({Button::kWheelDown, true});
  input.button({Button::kWheelDown, false});
  input.move({{9999, -3}});
  EXPECT_THAT(qemu_.wait_for_calls(10),
              ElementsAre("Keyboard.Press 30", "Keyboard.Release 30", "Keyboard.Press 208", "Keyboard.Release 208",
                          "Mouse.SetAbsPosition 10 20", "Mouse.Press 2", "Mouse.Release 2", "Mouse.Press 4",
                          "Mouse.Release 4", "Mouse.SetAbsPosition 639 0"));
}

TEST_F(QemuDbusSourceTest, LockKeysArePressedUntilTheLightsAgree) {
  show({640, 480});
  qemu_.set_modifiers(0b010);  // num lock is on
  // More than are under way at a time: what follows is sent when one was answered, and the light's signal came before.
  constexpr std::size_t kKeys = QemuInput::kMaxOutstanding;
  for (std::size_t i = 0; i < kKeys; ++i) {
    source_->input().key({0x1E, false, true});
    source_->input().key({0x1E, false, false});
  }
  source_->input().set_locks({.scroll = false, .num = true, .caps = true});
  source_->input().set_locks({.scroll = false, .num = true, .caps = true});
  source_->input().key({0x1F, false, true});
  const auto calls = qemu_.wait_for_calls(2 * kKeys + 3);
  ASSERT_EQ(calls.size(), 2 * kKeys + 3);
  EXPECT_THAT(std::vector(calls.begin() + 2 * kKeys, calls.end()),
              ElementsAre("Keyboard.Press 58", "Keyboard.Release 58", "Keyboard.Press 31"));
}

TEST_F(QemuDbusSourceTest, AClientThatGoesLeavesNothingPressed) {
  show({640, 480});
  source_->input().key({0x2A, false, true});
  source_->input().button({Button::kLeft, true});
  source_->input().release_all();
  EXPECT_THAT(qemu_.wait_for_calls(4),
              ElementsAre("Keyboard.Press 42", "Mouse.Press 0", "Keyboard.Release 42", "Mouse.Release 0"));
}

// A machine that does not answer costs it input, not us memory; and it gets the newest position when it is back.
TEST_F(QemuDbusSourceTest, AStuckMachineIsNotFlooded) {
  show({640, 480});
  qemu_.stop_answering();
  for (int i = 0; i < 100'000; ++i) source_->input().move({{i % 640, i % 480}});
  source_->input().button({Button::kLeft, true});
  ASSERT_FALSE(qemu_.wait_for_calls(1).empty());
  EXPECT_LE(qemu_.calls_so_far(), 32U);
  qemu_.answer_everything();
  source_->input().button({Button::kLeft, false});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::vector<std::string> calls;
  while (std::chrono::steady_clock::now() < deadline && (calls.empty() || calls.back() != "Mouse.Release 0")) {
    calls = qemu_.wait_for_calls(calls.size() + 1);
    qemu_.answer_everything();
  }
  EXPECT_EQ(calls.back(), "Mouse.Release 0");
  EXPECT_LE(calls.size(), 400U);
}

TEST_F(QemuDbusSourceTest, ASizeIsAskedForAndARefusalRemembered) {
  show({640, 480});
  ASSERT_TRUE(source_->request_size({800, 600}).has_value());
  EXPECT_THAT(qemu_.wait_for_calls(1), ElementsAre("Console.SetUIInfo 800 600"));
  qemu_.refuse_sizes();
  ASSERT_TRUE(source_->request_size({1024, 768}).has_value());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  Result<void> last;
  while (last.has_value() && std::chrono::steady_clock::now() < deadline) last = source_->request_size({1024, 768});
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error().code, Errc::kInvalidArgument);
}

TEST_F(QemuDbusSourceTest, AConnectionThatClosesIsALoss) {
  show({640, 480});
  qemu_.hang_up();
  expect_lost(Errc::kUnavailable);
}

TEST(QemuDbusSourceAlone, ASocketThatIsNoneIsALoss) {
  Recorder events;
  auto source = *QemuDbusSource::create(shared_memory(4096), {});
  ASSERT_TRUE(source->start(events).has_value());
  EXPECT_TRUE(events.wait([](const auto& seen) { return !seen.losses.empty(); }));
  EXPECT_FALSE(QemuDbusSource::create(UniqueFd(), {}).has_value());
}

TEST(QemuDbusSourceAlone, APeerThatNeverAnswersCanBeStopped) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const UniqueFd silent(pair[1]);
  Recorder events;
  auto source = *QemuDbusSource::create(UniqueFd(pair[0]), {});
  ASSERT_TRUE(source->start(events).has_value());
  source->stop();
  EXPECT_TRUE(events.seen().order.empty());
}

TEST(QemuDbusSourceAlone, AConsoleThatIsNotThereIsALoss) {
  Recorder events;
  FakeQemu qemu;
  auto source = *QemuDbusSource::create(qemu.take_client_fd(), {.console = 7});
  ASSERT_TRUE(source->start(events).has_value());
  EXPECT_TRUE(events.wait([](const auto& seen) { return !seen.losses.empty(); }));
  source->stop();
}

}  // namespace
}  // namespace tobari::display
